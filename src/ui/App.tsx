/** The page: header, rail with the configuration, run bar, and the view that the address names. */
import { AppShell, Burger, Drawer, Group, MantineProvider, ScrollArea } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { useView } from '../store/address.ts';
import type { View } from '../store/url.ts';
import { DecodeView } from './decoding/DecodeView.tsx';
import { Header } from './header/Header.tsx';
import { loadCompare } from './lateParts.ts';
import { Problems } from './Problems.tsx';
import { Contained } from './parts/Contained.tsx';
import { LatePart } from './parts/LatePart.tsx';
import { Rail } from './rail/Rail.tsx';
import { RoutingView } from './routing/RoutingView.tsx';
import { RunBar } from './running/RunBar.tsx';
import { cssVariables, hintsId, theme } from './theme.ts';
import { TrainView } from './training/TrainView.tsx';

export function App() {
  const [railOpen, { open, close }] = useDisclosure(false);
  // The breakpoint "md", below which the rail is a drawer.
  const isWide = useMediaQuery('(min-width: 62em)', true, { getInitialValueInEffect: false });
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <AppShell
        header={{ height: { base: 96, sm: 56 } }}
        navbar={{ width: 312, breakpoint: 'md', collapsed: { mobile: true } }}
        transitionDuration={0}
      >
        <AppShell.Header>
          <Header
            burger={<Burger size="sm" hiddenFrom="md" opened={railOpen} onClick={open} aria-label="Configuration" />}
          />
        </AppShell.Header>
        <AppShell.Navbar aria-label="Configuration">
          <ScrollArea h="100%" type="hover" scrollbarSize={8}>
            {isWide && (
              <Contained what="The configuration">
                <Rail />
              </Contained>
            )}
          </ScrollArea>
        </AppShell.Navbar>
        <RailDrawer opened={railOpen} onClose={close} />
        <AppShell.Main>
          <Contained what="The run bar">
            <RunBar />
          </Contained>
          <Contained what="The list of problems">
            <Problems />
          </Contained>
          <CurrentView />
        </AppShell.Main>
      </AppShell>
      <section id={hintsId} aria-label="Hints" />
    </MantineProvider>
  );
}

/** The rail on narrow screens. Mantine's own header would be a second banner landmark. */
function RailDrawer({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Drawer.Root opened={opened} onClose={onClose} size={340} hiddenFrom="md">
      <Drawer.Overlay />
      <Drawer.Content>
        <Drawer.Body p={0}>
          <Group justify="space-between" px="md" pt="sm">
            <Drawer.Title fw={600}>Configuration</Drawer.Title>
            <Drawer.CloseButton aria-label="Close the configuration" />
          </Group>
          <Contained what="The configuration">
            <Rail />
          </Contained>
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}

/** What fails in a view is not in the way of another one. */
function CurrentView() {
  const view: View = useView((state) => state.view);
  return (
    <Contained key={view} what="This view">
      <ViewOf view={view} />
    </Contained>
  );
}

function ViewOf({ view }: { view: View }) {
  switch (view) {
    case 'train':
      return <TrainView />;
    case 'decode':
      return <DecodeView />;
    case 'routing':
      return <RoutingView />;
    case 'compare':
      return <LatePart name="Compare" load={loadCompare} />;
    default:
      return view satisfies never;
  }
}
