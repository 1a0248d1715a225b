/** A person's own results of studies on the page: asked for when runs of studies change, and told from recorded ones. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { StudyRecord, StudyResult } from '../../../src/config/records.ts';
import { followOwnStudies, ownStudies, sourcesOf, useOwnStudies } from '../../../src/store/compare/ownStudies.ts';
import { useSavedRuns } from '../../../src/store/savedRuns.ts';
import type { QueuedRun } from '../../../src/worker/protocol.ts';
import { connected } from '../testPort.ts';
import { recordOf } from './records.ts';

const ofArm = (id: string, arm: string) => recordOf({ id, study: { id: 'one', size: 'software', arm } });
const record: StudyRecord = {
  format: 1,
  study: 'one',
  size: 'software',
  title: 'One',
  question: 'Does it?',
  created: '2026-01-01T00:00:00.000Z',
  adapter: 'here',
  commit: 'abc',
  command: 'here',
  seeds: 1,
  arms: ['a', 'b'].map((id) => ({ id, label: `The ${id}` })),
  runs: [ofArm('1', 'b'), ofArm('2', 'a')],
  tables: [],
  verdicts: [],
};
const result = (changes: Partial<StudyResult> = {}): StudyResult => ({
  study: 'one',
  size: 'software',
  finished: 2,
  leftOut: [],
  record,
  ...changes,
});
const queued = (id: string, size: string) => ({ study: { id, size, arm: 'a' } }) as QueuedRun;

beforeEach(() => {
  useOwnStudies.setState({ results: [] });
  useSavedRuns.setState({ runs: [], isRead: true });
});

describe('own results', () => {
  it('are asked for at first, and whenever the runs of studies change', async () => {
    const { sent, answer } = connected();
    const end = followOwnStudies();
    expect(sent.map(({ name }) => name)).toEqual(['studyResults']);
    await answer({ results: [] });
    // A run that belongs to no study changes nothing.
    useSavedRuns.setState({ runs: [recordOf({ id: 'other' })] });
    await vi.waitFor(() => expect(useOwnStudies.getState().results).toEqual([]));
    expect(sent).toHaveLength(1);
    useSavedRuns.setState({ runs: [ofArm('1', 'a'), recordOf({ id: 'other' })] });
    expect(sent).toHaveLength(2);
    // Two more come while the engine reads: it is asked once more, and only its last answer counts.
    useSavedRuns.setState({ runs: [ofArm('1', 'a'), ofArm('2', 'b')] });
    useSavedRuns.setState({ runs: [ofArm('2', 'b')] });
    expect(sent).toHaveLength(2);
    await answer({ results: [result({ finished: 1, record: null })] });
    await vi.waitFor(() => expect(sent).toHaveLength(3));
    expect(useOwnStudies.getState().results).toEqual([]);
    await answer({ results: [result()] });
    await vi.waitFor(() => expect(useOwnStudies.getState().results).toEqual([result()]));
    end();
    useSavedRuns.setState({ runs: [] });
    expect(sent).toHaveLength(3);
  });

  it('say what is done and what is still in the queue, by size', () => {
    const queue = [queued('one', 'laptop'), queued('one', 'software'), queued('two', 'software')];
    const half = result({ finished: 1, record: null });
    expect(ownStudies('one', [half, result({ study: 'three' })], queue)).toEqual([
      { size: 'software', result: half, waiting: 1 },
      { size: 'laptop', result: null, waiting: 1 },
    ]);
    expect(ownStudies('none', [half], queue)).toEqual([]);
  });

  it('stand beside the recorded ones, with the keys of the saved runs', () => {
    const own = ownStudies('one', [result()], []);
    expect(sourcesOf(record, own).map(({ id, keys }) => [id, keys])).toEqual([
      ['recorded', ['recorded/one/2', 'recorded/one/1']],
      ['own/software', ['saved/1', 'saved/2']],
    ]);
    expect(sourcesOf(null, own).map(({ id }) => id)).toEqual(['own/software']);
    expect(sourcesOf(null, ownStudies('one', [result({ record: null })], []))).toEqual([]);
  });
});
