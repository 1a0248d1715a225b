import { add } from '../../src/ops/add.ts';
import { gates } from '../../src/ops/gates.ts';
import type { OpCase } from './case.ts';
import { routerCases, scoresInput } from './routes.ts';

export const cases: OpCase[] = [false, true].flatMap((renormalise) => [
  ...routerCases.map(
    ({ name, N, E, route }): OpCase => ({
      name: `gates${renormalise ? ', renormalised' : ''}, ${name}`,
      inputs: { scores: scoresInput(N, E) },
      record: (_, { scores }) => gates(scores, route(scores), { renormalise }),
    }),
  ),
  {
    name: `gates${renormalise ? ', renormalised' : ''}, gradients summed`,
    inputs: { scores: scoresInput(13, 5) },
    record: (_, { scores }) => {
      const routing = routerCases[4].route(scores);
      const [a, b] = [gates(scores, routing, { renormalise }), gates(scores, routing, { renormalise: !renormalise })];
      return add(a, b);
    },
  },
]);
