/** One position at the call on show: its state, what was weighed there, and why it was revealed or not. */
import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { percent } from '../../base/format.ts';
import { useDecode } from '../../store/decode.ts';
import { cardOf, type WeighedPosition } from './positionCard.ts';

/** Its height is the same whatever it says. */
export function PositionPanel({ position }: { position: number | null }) {
  const { frames, reasons, used: settings, model, position: scrubbed } = useDecode();
  const index = Math.min(scrubbed, frames.length - 1);
  const card = useMemo(
    () =>
      position === null || !model || !frames[index]
        ? null
        : cardOf({ frames, reasons, settings, model }, index, position),
    [frames, reasons, settings, model, index, position],
  );
  return (
    <section className="position-card" aria-label="Position" data-testid="position-card">
      <Text size="sm" fw={600} className="position-title tabular" data-testid="decode-readout">
        {card?.title ?? 'Choose a cell above for its candidates: click, tap or arrow keys.'}
      </Text>
      <div className="position-columns">
        <div>{card?.weighed && <Candidates weighed={card.weighed} />}</div>
        <div>
          {card?.weighed && <Facts weighed={card.weighed} />}
          <Text size="sm" data-testid="position-why">
            {card?.why}
          </Text>
        </div>
      </div>
    </section>
  );
}

function Candidates({ weighed: { best, call, isNow } }: { weighed: WeighedPosition }) {
  return (
    <>
      <Text size="xs" c="dimmed" mb={4}>
        {isNow ? `Most probable at call ${call}` : `As last weighed, at call ${call}`}
      </Text>
      <ol className="candidates" data-testid="position-candidates">
        {best.map(({ token, probability, isCandidate }) => (
          <li key={token} data-candidate={isCandidate || undefined}>
            <span className="candidate-token">{token}</span>
            <span className="candidate-bar" aria-hidden="true">
              <span style={{ width: `${100 * probability}%` }} />
            </span>
            <span className="tabular">{percent(probability)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function Facts({ weighed: { candidate, score, budget } }: { weighed: WeighedPosition }) {
  const facts = { Candidate: candidate, Score: score, Budget: budget };
  return (
    <dl className="position-facts">
      {Object.entries(facts).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="tabular">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
