/** The card of the chosen expert: what it takes, by mask ratio, token and kind, and whom it works with. */
import { Box, Button, SimpleGrid, Text } from '@mantine/core';
import { percent, visible } from '../../base/format.ts';
import type { Atlas } from '../../config/atlas.ts';
import { useAtlas } from '../../store/atlas.ts';
import { interventionsOf, useRouting } from '../../store/routing.ts';
import { shownRef, useRun } from '../../store/run.ts';
import { removeExpert } from '../../store/takeAway.ts';
import { DataTable } from '../parts/DataTable.tsx';
import { Panel } from '../parts/Panel.tsx';
import { useShownAtlas } from './atlasWords.ts';
import { ExpertChip } from './ExpertKey.tsx';
import { ExpertWindows } from './ExpertWindows.tsx';
import { kinds, type Place, partners, sharesByRatio, tellingShares, topTokens } from './expertFacts.ts';
import { LiftList } from './LiftList.tsx';
import { CostReport } from './TakenAway.tsx';

const roles = { read: 'Reads', target: 'Should answer', predicted: 'Answers' } as const;

const sameEverywhere = 'The same everywhere: where experts choose, each takes equally many tokens of every window.';

export function ExpertCard() {
  const atlas = useShownAtlas();
  const isOfModel = useAtlas(({ of }) => of !== null);
  const { layer, expert } = useRouting();
  const model = useRun(shownRef);
  const interventions = useRouting((state) => interventionsOf(state, model));
  if (!atlas || expert === null || layer >= atlas.layers.length || expert >= atlas.experts) return null;
  const isRemoved =
    isOfModel &&
    interventions.some((one) => one.kind === 'ablate' && one.expert === expert && one.layer === atlas.layers[layer]);
  return (
    <Panel
      title={`Expert ${expert} of layer ${atlas.layers[layer]}`}
      note="× 2 is twice as often as chance, × 0.5 half as often; ± is the standard error over windows"
      actions={isOfModel && <RemoveButton isRemoved={isRemoved} layer={atlas.layers[layer]} expert={expert} />}
    >
      <div data-testid="expert-card">
        {isRemoved && (
          <Box mb="sm">
            <CostReport />
          </Box>
        )}
        <Facts atlas={atlas} place={{ layer, expert }} />
      </div>
    </Panel>
  );
}

/** Only where the atlas is of the model on show: a file of another one has no weights here. */
function RemoveButton({ layer, expert, isRemoved }: { layer: number; expert: number; isRemoved: boolean }) {
  return (
    <Button size="compact-sm" variant="default" disabled={isRemoved} onClick={() => void removeExpert(layer, expert)}>
      {isRemoved ? 'Removed' : 'Remove'}
    </Button>
  );
}

function Facts({ atlas, place }: { atlas: Atlas; place: Place }) {
  const token = (name: string) => <code className="lift-token">{visible(name)}</code>;
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="lg" verticalSpacing="md">
        <LiftList
          title="Kinds of character (revealed), and hidden tokens"
          items={kinds(atlas.characters, atlas.experts, place)}
          none="It holds no token."
        />
        {atlas.tokenRoles.map((role) => (
          <LiftList
            key={role.role}
            title={`${roles[role.role]} more than chance`}
            items={topTokens(atlas, role, place)}
            none="No token stands out."
            nameOf={token}
          />
        ))}
        <LiftList
          title="Shares tokens with expert"
          items={partners(atlas, place).slice(0, 8)}
          none="It shares no token with another expert."
          nameOf={(name) => <ExpertChip expert={Number(name)} />}
        />
        {atlas.domains.map((domain) => (
          <LiftList
            key={domain.name}
            title={`By ${domain.name}`}
            items={tellingShares(atlas, domain, place)
              .sort((a, b) => b.lift - a.lift)
              .slice(0, 8)}
            none={sameEverywhere}
          />
        ))}
        <ByRatio atlas={atlas} place={place} />
      </SimpleGrid>
      <ExpertWindows atlas={atlas} place={place} />
    </>
  );
}

function ByRatio({ atlas, place }: { atlas: Atlas; place: Place }) {
  const rows = sharesByRatio(atlas, place);
  const shown = (share: number) => (Number.isFinite(share) ? percent(share) : '–');
  if (rows.length === 0)
    return (
      <Text size="sm" c="dimmed">
        By mask ratio: an autoregressive model reads no hidden tokens.
      </Text>
    );
  return (
    <div>
      <DataTable
        caption="How many of the tokens it takes, by how much of the text is hidden"
        maxHeight={420}
        columns={['Hidden', 'of the hidden', 'of the revealed']}
        rows={rows.map(({ from, to, hidden, revealed }) => [
          `${Math.round(100 * from)} to ${Math.round(100 * to)} %`,
          shown(hidden),
          shown(revealed),
        ])}
      />
    </div>
  );
}
