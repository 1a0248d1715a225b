/** Taking experts away: routes and loss are asked for with all that is taken away, and another model is whole. */
import { beforeEach, expect, it } from 'vitest';
import { useMeasuring } from '../../src/store/measuring.ts';
import { pickModel } from '../../src/store/models.ts';
import { interventionsOf, refreshRoutes, useRouting } from '../../src/store/routing.ts';
import { useRun } from '../../src/store/run.ts';
import { keyOf, removeExpert, undo, useTakeAway } from '../../src/store/takeAway.ts';
import type { Commands, RouteReport } from '../../src/worker/protocol.ts';
import { libraryOf, model } from './facts.ts';
import { connected } from './testPort.ts';

const report = { layers: [0, 1] } as unknown as RouteReport;
const loss = { difference: { value: 0.1, standardError: 0.01 } } as Commands['interventionCost']['answer']['loss'];
const first = { kind: 'ablate', layer: 1, expert: 2 } as const;
const second = { kind: 'ablate', layer: 0, expert: 0 } as const;

const states = [useTakeAway, useMeasuring, useRouting, useRun].map((store) => [store, store.getState()] as const);
beforeEach(() => {
  for (const [store, state] of states) (store.setState as (state: unknown, replace: true) => void)(state, true);
  useRun.setState({ bundled: model, library: libraryOf('a'), described: new Map([['run:a', model]]) });
});

/** An engine that answers every request at once; the arguments by command. */
function answering() {
  const test = connected();
  const answered = new Set<number>();
  const settle = async (cost: typeof loss = loss) => {
    for (let round = 0; round < 6; round += 1) {
      for (const { id, name } of test.sent.filter((request) => !answered.has(request.id))) {
        answered.add(id);
        const value = name === 'routes' ? report : name === 'interventionCost' ? { loss: cost } : {};
        test.send({ kind: 'answer', id, ok: true, value } as Parameters<typeof test.send>[0]);
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  const asked = (command: string) =>
    test.sent
      .filter(({ name }) => name === command)
      .map(({ argument }) => (argument as { interventions: unknown }).interventions);
  return { ...test, settle, asked };
}

it('adds up, is measured together, and is undone one by one', async () => {
  const { settle, asked, sent } = answering();
  const removing = removeExpert(1, 2);
  await settle();
  await removing;
  expect([asked('routes'), asked('interventionCost')]).toEqual([[[first]], [[first]]]);
  expect(useTakeAway.getState()).toEqual({ loss, of: keyOf('bundled', [first]) });
  // What is away already costs nothing to ask for again.
  await removeExpert(1, 2);
  expect(asked('routes')).toHaveLength(1);
  const both = removeExpert(0, 0);
  await settle();
  await both;
  expect([asked('routes').at(-1), asked('interventionCost').at(-1)]).toEqual([
    [first, second],
    [first, second],
  ]);
  const back = undo({ ...first });
  await settle();
  await back;
  expect([asked('routes').at(-1), asked('interventionCost').at(-1)]).toEqual([[second], [second]]);
  const costs = asked('interventionCost').length;
  const whole = undo(second);
  await settle();
  await whole;
  expect(asked('routes').at(-1)).toEqual([]);
  expect(asked('interventionCost')).toHaveLength(costs);
  expect(
    sent.some(({ name }) => name === 'cancelRouting'),
    'nothing was being measured',
  ).toBe(false);
  expect(useTakeAway.getState()).toEqual({ loss: null, of: '' });
});

it.each([
  ['cost', true],
  ['atlas', false],
] as const)('undone while the %s is measured, it ends that: %s', async (task, isEnded) => {
  const { settle, sent } = answering();
  const removing = removeExpert(1, 2);
  await settle();
  await removing;
  useMeasuring.setState({ now: { task, done: 1, of: 4 } });
  const undoing = undo(first);
  await settle();
  await undoing;
  expect(sent.some(({ name }) => name === 'cancelRouting')).toBe(isEnded);
});

it('a cancelled measurement leaves the loss unknown, not the last one', async () => {
  const { settle } = answering();
  const removing = removeExpert(1, 2);
  await settle();
  await removing;
  const more = removeExpert(0, 0);
  await settle(null);
  await more;
  expect(useTakeAway.getState()).toEqual({ loss: null, of: '' });
  expect(useMeasuring.getState().now).toBeNull();
});

it('is of one model: another one is shown whole', async () => {
  const { settle, asked } = answering();
  const removing = removeExpert(1, 2);
  await settle();
  await removing;
  pickModel('run:a');
  const routing = refreshRoutes();
  await settle();
  await routing;
  expect(asked('routes').at(-1)).toEqual([]);
  expect(interventionsOf(useRouting.getState(), 'run:a')).toEqual([]);
  expect(interventionsOf(useRouting.getState(), 'bundled')).toEqual([first]);
});
