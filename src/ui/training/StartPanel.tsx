/** What a first visitor reads before anything is trained. */
import { Text } from '@mantine/core';
import { useRun } from '../../store/run.ts';
import { Panel } from '../parts/Panel.tsx';

export function StartPanel() {
  const lacksWebGpu = useRun((run) => run.machine !== null && run.machine.adapter === null);
  return (
    <Panel title="Train a sparse diffusion language model from scratch, here">
      <Text size="sm" maw={620}>
        A diffusion language model does not write from left to right: it starts from a text in which everything is
        hidden and uncovers it in any order, several tokens (characters, or pieces of words) per call. It is{' '}
        <em>sparse</em> when each token passes through only a few of many small networks, its experts, and a router
        decides which.
      </Text>
      <Text size="sm" maw={620} mt="xs">
        A small bundled model does that above. Press <strong>Train</strong> to make one of your own: everything runs on
        this machine, and nothing leaves it. The configuration can be changed first.
      </Text>
      {lacksWebGpu && (
        <Text size="sm" maw={620} mt="xs">
          This browser offers no WebGPU, so models train on the processor: slower, but the same. The button “CPU, no
          WebGPU” at the top says what to change.
        </Text>
      )}
    </Panel>
  );
}
