/** The decoder in the address: its name and what differs from it (`decoder=threshold&decode.tau=0.8`). Pure functions. */
import { shortList } from '../base/format.ts';
import { type DecoderName, decoderNames, decodeSettings, expectDecoder } from '../config/decoders.ts';
import { type DecodeSettings, decodeDifferences, expectRead } from '../config/decodeSettings.ts';
import type { Setting } from '../config/settings.ts';
import { settle } from './settle.ts';
import { refusalOf } from './url.ts';

export interface AskedDecoder {
  /** Null where the address names none. */
  decoder: DecoderName | null;
  changes: Record<string, Setting>;
  /** One sentence per part that could not be used. */
  problems: string[];
}

/** Reads the decoder of an address. Nothing is dropped silently: what cannot be used is in `problems`. */
export function readDecodeQuery(query: string): AskedDecoder {
  const parameters = new URLSearchParams(query);
  const problems: string[] = [];
  let decoder: DecoderName | null = null;
  const asked = parameters.get('decoder');
  if (asked !== null) {
    try {
      decoder = expectDecoder(asked, null);
    } catch (error) {
      problems.push(`${refusalOf(error).message}. It is left out.`);
    }
  }
  const entries = Object.fromEntries([...parameters].filter(([path]) => path.startsWith('decode.')));
  const build = (changes: Readonly<Record<string, Setting>>): DecodeSettings => {
    const settings = decodeSettings(decoder ?? decoderNames[0], changes);
    expectRead(settings, Object.keys(changes));
    return settings;
  };
  const { value, applied, invalid } = settle(build, entries);
  for (const { sentence } of Object.values(invalid)) problems.push(`${sentence}. It is left out.`);
  const own = decodeSettings(decoder ?? decoderNames[0]);
  const typed = decodeDifferences(value, own);
  const changes = Object.fromEntries(
    Object.keys(applied).flatMap((path) => (path in typed ? [[path, typed[path]]] : [])),
  );
  return { decoder, changes, problems: shortList(problems, 'parts of the address') };
}

/** The parameters of a decoder with changes. */
export function writeDecodeQuery(decoder: DecoderName, changes: Readonly<Record<string, Setting>>): [string, string][] {
  return [
    ['decoder', decoder],
    ...Object.entries(changes).map(([path, value]): [string, string] => [path, String(value)]),
  ];
}
