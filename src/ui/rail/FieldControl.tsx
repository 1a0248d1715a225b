/** One setting of the experiment, as the configuration has it. */
import { settingAt } from '../../config/experiment.ts';
import { presetExperiment } from '../../config/presets.ts';
import type { Field } from '../../config/schema/fields.ts';
import { edit, useConfiguration } from '../../store/configuration.ts';
import { SettingControl } from '../parts/SettingControl.tsx';

interface FieldControlProps {
  path: string;
  field: Field;
}

export function FieldControl({ path, field }: FieldControlProps) {
  const value = useConfiguration((state) => state.invalid[path]?.entry ?? settingAt(state.experiment, path));
  const sentence = useConfiguration((state) => state.invalid[path]?.sentence);
  const base = useConfiguration((state) => settingAt(presetExperiment(state.presetId), path));
  return (
    <SettingControl
      path={path}
      field={field}
      value={value}
      base={base}
      sentence={sentence}
      onEdit={(entry) => edit(path, entry)}
    />
  );
}
