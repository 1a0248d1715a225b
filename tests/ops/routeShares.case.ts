import { gates } from '../../src/ops/gates.ts';
import { eligibleScores, sharedGates, withoutRemoved } from '../../src/ops/routeShares.ts';
import { noise, type OpCase } from './case.ts';
import { routerCases, scoresInput } from './routes.ts';

/** Of the experts of a token some are removed, some add nothing, some keep their gate, and some a share of it. */
const shareOf = (index: number) => {
  const drawn = noise(index, 5);
  if (drawn < -1 / 3) return -1;
  if (drawn < 0) return 0;
  return drawn < 1 / 3 ? 1 : drawn;
};

export const cases: OpCase[] = routerCases.map(
  ({ name, N, E, route }): OpCase => ({
    name: `route shares, ${name}`,
    inputs: {
      scores: scoresInput(N, E, false),
      shares: { shape: [N, E], values: shareOf, differentiate: false },
    },
    record: (_, { scores, shares }) => {
      const eligible = eligibleScores(scores, shares);
      const routing = withoutRemoved(route(eligible), shares);
      const shared = sharedGates(gates(scores, routing, { renormalise: true }), routing, shares);
      return [shared, eligible, routing.expertOf, routing.slotOf];
    },
  }),
);
