/** The decode as a file: its trace, which `sdlm` writes too. */
import { Button, Menu } from '@mantine/core';
import { traceText, useDecode } from '../../store/decode.ts';
import { download } from '../parts/download.ts';

export function TraceMenu() {
  const result = useDecode((state) => state.result);
  const reasons = useDecode((state) => state.reasons);
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          c="dimmed"
          size="compact-xs"
          aria-label="Export Decode"
          disabled={result === null}
        >
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          onClick={() => result && download('decode-trace.json', traceText(result, reasons), 'application/json')}
        >
          Trace (JSON)
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
