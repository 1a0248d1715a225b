/** The parts of the decoder: one group of settings each, generated from the schema, those that are read. */
import { Box, VisuallyHidden } from '@mantine/core';
import { type DecodePart, decodeFields, decodeSettingAt, isRead } from '../../config/decodeSettings.ts';
import { decodeParts } from '../../config/schema/decode.ts';
import { editDecoder, plainSettings, useDecode } from '../../store/decode.ts';
import { SettingControl } from '../parts/SettingControl.tsx';

/** Stands beside the length. */
const elsewhere = 'decode.seed';

export function DecoderParts() {
  return (
    <Box style={{ display: 'grid', gap: 12 }}>
      {(Object.keys(decodeParts) as DecodePart[]).map((part) => (
        <Part key={part} part={part} />
      ))}
    </Box>
  );
}

function Part({ part }: { part: DecodePart }) {
  const { decoder, settings, invalid } = useDecode();
  const own = plainSettings(decoder);
  // What a person entered and has to correct stays in sight.
  const shown = decodeFields.filter(
    (entry) =>
      entry.part === part && entry.path !== elsewhere && (isRead(settings, entry.path) || entry.path in invalid),
  );
  return (
    <Box component="fieldset" style={{ display: 'grid', gap: 8, border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <VisuallyHidden component="legend">{decodeParts[part].label}</VisuallyHidden>
      {shown.map(({ path, field }) => (
        <SettingControl
          key={path}
          path={path}
          field={field}
          value={invalid[path]?.entry ?? decodeSettingAt(settings, path)}
          base={decodeSettingAt(own, path)}
          sentence={invalid[path]?.sentence}
          onEdit={(entry) => editDecoder(path, entry)}
        />
      ))}
    </Box>
  );
}
