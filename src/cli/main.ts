/** The command line: the same engine without a screen. `sdlm help` lists the commands. */
import process from 'node:process';
import { ConfigError, DataError, DeviceError } from '../config/errors.ts';
import { adapterCommand, adapterHelp } from './adapterCommand.ts';
import { benchCommand, benchHelp } from './benchCommand.ts';
import { evalCommand, forwardCommand, modelHelp, sampleCommand } from './modelCommands.ts';
import { endProgress, print } from './output.ts';
import { trainCommand, trainHelp } from './trainCommand.ts';

const commands: Record<string, (args: readonly string[]) => Promise<void> | void> = {
  adapter: adapterCommand,
  train: trainCommand,
  eval: evalCommand,
  sample: sampleCommand,
  forward: forwardCommand,
  bench: benchCommand,
  help: () => print(`sdlm <command>\n\n${[adapterHelp, trainHelp, modelHelp, benchHelp].join('\n')}`),
};

/** Exit code 2 and one sentence for what a person can mend; anything else is our fault, and shows its stack. */
async function main([name = 'help', ...args]: readonly string[]): Promise<void> {
  const command = commands[name === '--help' || name === '-h' ? 'help' : name];
  if (!command) throw new ConfigError(`command: expected one of ${Object.keys(commands).join(', ')}, got "${name}"`);
  await command(args);
}

// A reader that closes early (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

main(process.argv.slice(2)).then(
  // Dawn keeps the event loop alive; the work is done once the output is.
  () => process.stdout.write('', () => process.exit(0)),
  (error: unknown) => {
    endProgress();
    const isKnown = error instanceof ConfigError || error instanceof DataError || error instanceof DeviceError;
    process.stderr.write(
      `sdlm: ${isKnown ? error.message.replace(/\s*\n\s*/g, ' ') : ((error as Error).stack ?? error)}\n`,
    );
    process.exit(isKnown ? 2 : 1);
  },
);
