/** One visual language: system fonts, one accent, text colours with at least 4.5:1 contrast in both schemes. */
import { type CSSVariablesResolver, createTheme } from '@mantine/core';
import { lineColours } from './colours.ts';

/** Where tooltips are put: a landmark of its own, so that no content lies outside of one. */
export const hintsId = 'hints';

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 8 },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, "DejaVu Sans Mono", monospace',
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontWeight: '600' },
  components: {
    Tooltip: { defaultProps: { portalProps: { target: `#${hintsId}` } } },
    // The first item has the focus: an element without a role may not stand in a menu.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    SegmentedControl: { defaultProps: { bg: 'var(--cell-paper)' } },
  },
});

const lineVariables = (colours: readonly string[]) =>
  Object.fromEntries(colours.map((colour, slot) => [`--line-${slot}`, colour]));

/** Variables beyond Mantine's: see page.css and the charts. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': '#565c64',
    '--mantine-color-placeholder': '#6b7178',
    '--mantine-color-error': '#c92a2a',
    '--page-background': '#f6f7f9',
    '--page-line': '#e1e4e8',
    '--accent': '#3b5bdb',
    '--accent-soft': '#e7ecff',
    '--chart-raw': '#aebbf0',
    '--chart-grid': '#e9ebee',
    '--chart-validation': '#24292f',
    '--cell-masked': '#d5d9df',
    '--cell-paper': '#f1f3f5',
    ...lineVariables(lineColours.light),
  },
  dark: {
    '--mantine-color-body': '#1c1e22',
    '--mantine-color-dimmed': '#a9b0b8',
    '--mantine-color-placeholder': '#8d949c',
    '--mantine-color-error': '#ff8787',
    '--page-background': '#131518',
    '--page-line': '#31353b',
    '--accent': '#91a7ff',
    '--accent-soft': '#262f55',
    '--chart-raw': '#46549a',
    '--chart-grid': '#2a2e33',
    '--chart-validation': '#f1f3f5',
    '--cell-masked': '#42474f',
    '--cell-paper': '#26292e',
    ...lineVariables(lineColours.dark),
  },
});
