/** The settings of one group that apply now: those often touched, and behind a button the others. */
import { Box, Button, Text } from '@mantine/core';
import { useId, useState } from 'react';
import { corpusKind } from '../../config/corpusKinds.ts';
import { applies, fields, settingAt } from '../../config/experiment.ts';
import { presetExperiment } from '../../config/presets.ts';
import { type Configuration, useConfiguration } from '../../store/configuration.ts';
import { FieldControl } from './FieldControl.tsx';
import { OwnTextControl } from './OwnTextControl.tsx';

type Entry = (typeof fields)[number];

/** How many of these settings differ from the preset, and how many entries cannot be used. */
export function stateOf(entries: readonly Entry[], { presetId, experiment, invalid }: Configuration) {
  const preset = presetExperiment(presetId);
  return {
    changed: entries.filter(({ path }) => settingAt(experiment, path) !== settingAt(preset, path)).length,
    wrong: entries.filter(({ path }) => invalid[path]).length,
  };
}

export function GroupFields({ group }: { group: string }) {
  const experiment = useConfiguration((state) => state.experiment);
  const applying = fields.filter((entry) => entry.group === group && applies(experiment, entry.field));
  const advanced = applying.filter(({ field }) => field.isAdvanced);
  const { isOwn, isPairs } = corpusKind(experiment.data.corpus);
  return (
    <Box style={{ display: 'grid', gap: 12 }}>
      {applying
        .filter(({ field }) => !field.isAdvanced)
        .map(({ path, field }) => (
          <FieldControl key={path} path={path} field={field} />
        ))}
      {group === 'data' && isOwn && <OwnTextControl key={experiment.data.corpus} isPairs={isPairs} />}
      {advanced.length > 0 && <Advanced entries={advanced} />}
    </Box>
  );
}

/** Open from the start where one of them was changed; an entry to correct is never hidden. */
function Advanced({ entries }: { entries: readonly Entry[] }) {
  const id = useId();
  const { changed, wrong } = stateOf(entries, useConfiguration());
  const [wanted, setWanted] = useState<boolean | null>(null);
  const isOpen = wrong > 0 || (wanted ?? changed > 0);
  return (
    <div>
      <Button
        size="compact-sm"
        variant="subtle"
        ml={-8}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setWanted(!isOpen)}
      >
        {isOpen ? 'Fewer settings' : `${entries.length} more ${entries.length === 1 ? 'setting' : 'settings'}`}
        {!isOpen && changed > 0 && (
          <Text span size="xs" c="var(--accent)" ml={8}>
            {changed} changed
          </Text>
        )}
      </Button>
      <Box id={id} mt="xs" style={{ display: 'grid', gap: 12 }}>
        {isOpen && entries.map(({ path, field }) => <FieldControl key={path} path={path} field={field} />)}
      </Box>
    </div>
  );
}
