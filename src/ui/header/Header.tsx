/** Name, views, run status, machine, share and theme. */
import { Box, Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { useView } from '../../store/address.ts';
import { type View, views } from '../../store/url.ts';
import { MachineBadge } from './MachineBadge.tsx';
import { RunStatusBadge } from './RunStatusBadge.tsx';
import { ShareButton } from './ShareButton.tsx';
import { ThemeToggle } from './ThemeToggle.tsx';

const titles: Record<View, string> = { train: 'Train', decode: 'Decode', routing: 'Routing', compare: 'Compare' };

export function Header({ burger }: { burger: ReactNode }) {
  return (
    <Box h="100%">
      <Group h={56} px="md" justify="space-between" wrap="nowrap" gap="sm">
        <Group gap="lg" wrap="nowrap" style={{ flexShrink: 0 }}>
          <Group gap="xs" wrap="nowrap">
            {burger}
            <Box component="h1" m={0} fz={17} fw={700} style={{ whiteSpace: 'nowrap' }}>
              SDLM
              <Box component="span" fw={400} visibleFrom="xs">
                {' '}
                Playground
              </Box>
            </Box>
          </Group>
          <Box visibleFrom="sm">
            <ViewLinks />
          </Box>
        </Group>
        <Group gap="xs" wrap="nowrap" miw={0}>
          <Box visibleFrom="lg">
            <RunStatusBadge />
          </Box>
          <MachineBadge />
          <ShareButton />
          <ThemeToggle />
        </Group>
      </Group>
      <Box hiddenFrom="sm" px="md">
        <ViewLinks />
      </Box>
    </Box>
  );
}

function ViewLinks() {
  const current = useView((state) => state.view);
  return (
    <nav className="view-links" aria-label="Views">
      {views.map((view) => (
        <a key={view} className="view-link" href={`#/${view}`} aria-current={view === current ? 'page' : undefined}>
          {titles[view]}
        </a>
      ))}
    </nav>
  );
}
