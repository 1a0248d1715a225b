/** Starting points as cards, one chosen; only that one is described, so that the list stays short. */
import { Group, Radio, Stack, Text } from '@mantine/core';
import { presets } from '../../config/presets.ts';
import { choosePreset, useConfiguration } from '../../store/configuration.ts';

export function PresetPicker() {
  const presetId = useConfiguration((state) => state.presetId);
  return (
    <Radio.Group
      label="Preset"
      value={presetId}
      onChange={(id) => choosePreset(id)}
      styles={{ label: { fontSize: 14, fontWeight: 600, marginBottom: 8 } }}
    >
      <Stack gap={4}>
        {presets.map((preset) => (
          <Radio.Card
            key={preset.id}
            value={preset.id}
            className="preset"
            aria-label={preset.title}
            title={preset.summary}
          >
            <Group gap={8} wrap="nowrap" align="flex-start">
              <Radio.Indicator size="xs" mt={2} />
              <div>
                <Text size="sm" fw={500} lh={1.3}>
                  {preset.title}
                </Text>
                {preset.id === presetId && (
                  <Text size="xs" c="dimmed" lh={1.35} mt={2}>
                    {preset.summary}
                  </Text>
                )}
              </div>
            </Group>
          </Radio.Card>
        ))}
      </Stack>
    </Radio.Group>
  );
}
