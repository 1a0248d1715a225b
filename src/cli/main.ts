/** The command line: the same engine without a screen. `sdlm help` lists the commands. */
import process from 'node:process';
import { ConfigError, DataError, DeviceError, DivergenceError } from '../base/errors.ts';
import { adapterCommand, adapterHelp } from './adapterCommand.ts';
import { benchCommand, benchHelp } from './benchCommand.ts';
import { endWithoutOutput, watchEndings } from './endings.ts';
import { matchCommand, matchHelp } from './matchCommand.ts';
import { evalCommand, evalHelp, forwardCommand, forwardHelp } from './modelCommands.ts';
import { endProgress, folded, helpWidth, print } from './output.ts';
import { routesCommand, routesHelp } from './routesCommand.ts';
import { sampleCommand, sampleHelp } from './sampleCommand.ts';
import { studyCommand, studyHelp } from './studyCommand.ts';
import { trainCommand, trainHelp } from './trainCommand.ts';

const commands: Record<string, { help: string; run: (args: readonly string[]) => Promise<void> }> = {
  adapter: { help: adapterHelp, run: adapterCommand },
  train: { help: trainHelp, run: trainCommand },
  eval: { help: evalHelp, run: evalCommand },
  sample: { help: sampleHelp, run: sampleCommand },
  forward: { help: forwardHelp, run: forwardCommand },
  routes: { help: routesHelp, run: routesCommand },
  match: { help: matchHelp, run: matchCommand },
  study: { help: studyHelp, run: studyCommand },
  bench: { help: benchHelp, run: benchCommand },
};

function isHelp(word: string): boolean {
  return word === 'help' || word === '--help' || word === '-h';
}

/**
 * Exit code 2 and one sentence for what a person can mend before it begins; 1 and one sentence for a run that diverged and
 * for output that cannot be written; anything else is our fault, and shows its stack.
 */
async function main([name = 'help', ...args]: readonly string[]): Promise<void> {
  if (isHelp(name)) {
    const all = Object.values(commands).map(({ help }) => help);
    print(folded(`npm run -s sdlm -- <command>\n${all.join('\n')}`, helpWidth()));
    return;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : null;
  if (!command) {
    throw new ConfigError(`command: expected one of ${Object.keys(commands).join(', ')}, help, got "${name}"`);
  }
  if (args.includes('--help') || args.includes('-h')) print(folded(command.help.trimStart(), helpWidth()));
  else await command.run(args);
}

watchEndings();
main(process.argv.slice(2)).then(
  // Dawn keeps the event loop alive; the work is done once the output is.
  () => process.stdout.write('', () => endWithoutOutput(0)),
  (error: unknown) => {
    endProgress();
    const isKnown = error instanceof ConfigError || error instanceof DataError || error instanceof DeviceError;
    const isSentence = isKnown || error instanceof DivergenceError;
    process.stderr.write(
      `sdlm: ${isSentence ? error.message.replace(/\s*\n\s*/g, ' ') : ((error as Error).stack ?? error)}\n`,
    );
    process.exit(isKnown ? 2 : 1);
  },
);
