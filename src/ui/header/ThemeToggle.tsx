/** Light, dark, or as the system says. */
import { ActionIcon, type MantineColorScheme, Tooltip, useMantineColorScheme } from '@mantine/core';
import { AutoIcon, MoonIcon, SunIcon } from '../icons.tsx';

const next: Record<MantineColorScheme, MantineColorScheme> = { auto: 'light', light: 'dark', dark: 'auto' };
const icons = { auto: AutoIcon, light: SunIcon, dark: MoonIcon };

export function ThemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Icon = icons[colorScheme];
  const label = `Theme: ${colorScheme}. Switch to ${next[colorScheme]}`;
  return (
    <Tooltip label={label} withArrow>
      <ActionIcon variant="default" size={30} aria-label={label} onClick={() => setColorScheme(next[colorScheme])}>
        <Icon />
      </ActionIcon>
    </Tooltip>
  );
}
