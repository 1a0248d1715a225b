/** What an expert takes more or less of than chance: name, bar and number in a row each. */

import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { three, whole } from '../../base/format.ts';
import { greatest } from '../../base/numbers.ts';
import type { Lifted } from './expertFacts.ts';

interface LiftListProps {
  title: string;
  items: readonly Lifted[];
  /** Said where there is nothing. */
  none: string;
  nameOf?: (name: string) => ReactNode;
}

export function LiftList({ title, items, none, nameOf = (name) => name }: LiftListProps) {
  const most = Math.max(1, greatest(items.map(({ lift }) => lift)));
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        {title}
      </Text>
      {items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      ) : (
        <ul className="lift-list tabular">
          {items.map(({ name, count, lift, standardError }, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two tokens of a vocabulary may have one text.
            <li key={at} title={`${whole(count)} tokens`}>
              <span className="lift-name">{nameOf(name)}</span>
              <span className="lift-bar" aria-hidden="true">
                <span style={{ width: `${(100 * lift) / most}%` }} />
              </span>
              <span>
                × {three(lift)}
                {Number.isFinite(standardError) && ` ± ${standardError.toPrecision(1)}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
