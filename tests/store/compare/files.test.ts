/** Records as files: CSV that any reader parses, JSON that comes back equal, and one sentence for every bad file. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { csvOf } from '../../../src/base/csv.ts';
import type { StudyRecord } from '../../../src/config/records.ts';
import { bundleJson, parseRuns } from '../../../src/store/compare/bundle.ts';
import { chartCsv, chartJson, runsCsv, tableCsv } from '../../../src/store/compare/files.ts';
import { groupRuns, lineOf } from '../../../src/store/compare/groups.ts';
import { importRuns, runsOfRecords, runsOfStudies } from '../../../src/store/compare/runs.ts';
import {
  listedStudies,
  listStudies,
  loadStudies,
  useOfferedStudies,
  useStudies,
} from '../../../src/store/compare/studies.ts';
import { columns } from '../../../src/store/compare/table.ts';
import type { StudyReport } from '../../../src/worker/protocol.ts';
import { connected } from '../testPort.ts';
import { recordOf, runOf } from './records.ts';

/** Reads CSV by the grammar of RFC 4180, independently of the writer. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/y;
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    if (!match) throw new Error('not CSV');
    row.push(match[1].startsWith('"') ? match[1].slice(1, -1).replaceAll('""', '"') : match[1]);
    if (match[2] === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

describe('CSV', () => {
  it('comes back as it was, with quotes, commas and line breaks in cells', () => {
    const text = fc
      .string({ unit: fc.constantFrom('a', '"', ',', ';', '\t', '\n', '\r', ' ', 'é'), maxLength: 8 })
      .map((rest) => (rest === '' ? '' : `a${rest}`));
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((width) =>
        fc.array(fc.array(text, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
      );
    fc.assert(
      fc.property(table, ([head, ...rows]) => {
        expect(readCsv(csvOf(head, rows))).toEqual([head, ...rows]);
      }),
    );
  });

  it.each(['=1+1', '+cmd', '-a', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1+1', '=HYPERLINK("http://a","b")', '-'])(
    'lets no spreadsheet run %j',
    (text) => {
      const read = readCsv(csvOf([text, 'b'], [[text, `a;${text}`]]));
      expect(read[0][0]).toBe(`'${text}`);
      expect(read[1]).toEqual([`'${text}`, `a;${text}`]);
      // Where the semicolon separates cells, no cell begins within one.
      expect(csvOf(['x'], [[`a;${text}`]])).toMatch(/\r\n"a;/);
    },
  );

  it('keeps numbers numbers, and texts that are harmless as they are', () => {
    const cells = [-5, 1e-7, -0.5, Number.NEGATIVE_INFINITY, '-5', '+1.5e3', 'a=b', 'x@y', '', ' =1', "'=1", '1-2'];
    expect(
      readCsv(
        csvOf(
          ['x'],
          cells.map((cell) => [cell]),
        ),
      )
        .slice(1)
        .flat(),
    ).toEqual(cells.map(String));
  });

  it('of runs whose names are formulas runs nothing', () => {
    const named = { ...recordOf({ id: 'a', training: [[4, 1, 5]] }), name: '=cmd|calc' };
    const compared = runsOfRecords([named], []);
    for (const csv of [tableCsv(compared), runsCsv(compared)]) {
      const cells = readCsv(csv).flat();
      expect(cells).toContain("'=cmd|calc");
      expect(cells.filter((cell) => /^[=+@]/.test(cell))).toEqual([]);
    }
  });

  const run = runOf({
    id: 'a',
    validation: [[10, 2, 3.25, 0.5]],
    training: [[4, 1, 5.125]],
    measures: { tokensPerSecond: 77 },
  });

  it('of the table has every column, at full precision', () => {
    const [head, row] = readCsv(tableCsv([run]));
    expect(head).toHaveLength(columns.length);
    const cell = (name: string) => row[head.indexOf(name)];
    expect(cell('best (bits/char)')).toBe('3.25');
    expect(cell('bestError (bits/char)')).toBe('0.5');
    expect(cell('speed')).toBe('77');
    expect(cell('arm')).toBe('');
  });

  it('has all the digits that the numbers have', () => {
    const validation = [[10, 2.0123456789, 3.2512345678901, 0.0512345678901]] as const;
    const training = [[4, 1.0123456789, 5.1251234567891]] as const;
    const precise = runOf({ id: 'p', validation, training, measures: { tokensPerSecond: 77.123456789 } });
    const [head, row] = readCsv(tableCsv([precise]));
    const cell = (name: string) => Number(row[head.indexOf(name)]);
    expect([cell('best (bits/char)'), cell('bestError (bits/char)')]).toEqual([validation[0][2], validation[0][3]]);
    expect(cell('speed')).toBe(77.123456789);
    const [, trained, measured] = readCsv(runsCsv([precise]));
    expect(trained.slice(-3, -1).map(Number)).toEqual(training[0].slice(1));
    expect(measured.slice(-3).map(Number)).toEqual(validation[0].slice(1));
    const lines = groupRuns([precise], true).map((group) => lineOf(group, 'seconds', 0));
    const [, drawn] = readCsv(chartCsv(lines, 'validation', 'seconds'));
    expect(drawn.slice(2).map(Number)).toEqual(validation[0].slice(1));
    const json = JSON.parse(chartJson(lines, 'validation', 'seconds'));
    expect(json.lines[0]).toMatchObject({ bpc: [validation[0][2]], standardError: [validation[0][3]] });
    const numbers = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
    fc.assert(
      fc.property(numbers, (value) => {
        expect(Number(readCsv(csvOf(['x'], [[value]]))[1][0])).toBe(value);
      }),
    );
  });

  it('of all curves has one row per recorded point', () => {
    const [head, ...rows] = readCsv(runsCsv([run]));
    expect(rows).toHaveLength(2);
    const tokens = 4 * run.record.experiment.training.batchSize * run.record.experiment.data.sequenceLength;
    expect(rows[0].slice(4)).toEqual(['training', '4', `${tokens}`, `${600 * tokens}`, '1', '5.125', '']);
    expect(rows[1][head.indexOf('standard error')]).toBe('0.5');
  });

  it('and JSON of a chart hold what is drawn', () => {
    const lines = groupRuns([run], true).map((group) => lineOf(group, 'seconds', 0));
    expect(readCsv(chartCsv(lines, 'validation', 'seconds'))).toEqual([
      ['line', 'runs', 'seconds of training', 'bits per character', 'standard error'],
      ['run a', '1', '2', '3.25', '0.5'],
    ]);
    expect(JSON.parse(chartJson(lines, 'training', 'seconds'))).toMatchObject({
      curve: 'training',
      lines: [{ label: 'run a', runs: ['a'], x: [1], bpc: [5.125] }],
    });
  });
});

describe('a file of runs', () => {
  const records = [recordOf({ id: 'a' }), recordOf({ id: 'b', settings: { 'training.seed': 5 } })];

  it('comes back equal: a bundle, a single run, a study', () => {
    expect(parseRuns(bundleJson(records), 'runs.json')).toEqual(records);
    expect(parseRuns(JSON.stringify(records[0]), 'run.json')).toEqual([records[0]]);
    expect(parseRuns(JSON.stringify(studyOf(records)), 'study.json')).toEqual(records);
  });

  it('goes to the engine to be kept, and answers under which keys it is found', async () => {
    const { sent, answer, refuse } = connected();
    const importing = importRuns(bundleJson(records), 'runs.json');
    expect(sent.at(-1)).toMatchObject({ name: 'addRuns', argument: { runs: records } });
    await answer({});
    expect(await importing).toEqual(['saved/a', 'saved/b']);
    const failing = importRuns(bundleJson(records), 'runs.json');
    refuse('storage: expected room, got none');
    expect(await failing).toBeNull();
  });

  it.each([
    ['not JSON', '{', /^runs\.json: expected JSON with runs, got /],
    ['something else', '{"weights": 1}', 'runs.json: expected a run or a list "runs", got {"weights":1}'],
    ['nested without end', `{"runs":${'['.repeat(1e5)}`, /^runs\.json: expected JSON with runs nested at most 64 deep/],
    ['a key twice', '{"runs": [], "runs": []}', 'with each key once, got "runs" again at character 14'],
    ['no runs', '{"runs": []}', 'runs.json: expected at least one run, got none'],
    ['a broken run', bundleJson([{ ...records[0], steps: 'many' as unknown as number }]), /^runs\.json: run 1: steps/],
    [
      'unknown settings',
      JSON.stringify({ ...records[0], experiment: { model: { wings: 2 } } }),
      /^runs\.json: model\.wings: expected one of .*, got an unknown setting$/,
    ],
  ])('that is %s is refused with one sentence', async (_, text, sentence) => {
    await expect(importRuns(text, 'runs.json')).rejects.toThrow(sentence);
  });
});

describe('recorded studies', () => {
  beforeEach(() => useStudies.setState({ state: 'waiting', studies: [], problems: [] }));
  const files = (contents: Record<string, unknown>) => async (url: URL) => {
    const path = url.pathname.replace('/base/', '');
    const found = Object.hasOwn(contents, path);
    return { ok: found, status: found ? 200 : 404, text: async () => JSON.stringify(contents[path]) };
  };

  it('are read from beside the page, their runs arm by arm under the names of the study', async () => {
    const arm = (id: string) => ({ id: 'test', size: 'software', arm: id });
    const study = studyOf([recordOf({ id: '2', study: arm('late') }), recordOf({ id: '1', study: arm('early') })]);
    await loadStudies('http://page/base/', files({ 'studies/index.json': ['test'], 'studies/test.json': study }));
    expect(useStudies.getState()).toEqual({ state: 'ready', studies: [study], problems: [] });
    expect(runsOfStudies([study]).map(({ key, label }) => [key, label])).toEqual([
      ['recorded/test/1', 'The early one'],
      ['recorded/test/2', 'The late one'],
    ]);
  });

  it('that cannot be read are told, and the others are shown', async () => {
    const study = studyOf([]);
    const broken = { ...study, verdicts: [{ claim: 'x', outcome: 'maybe', evidence: '' }] };
    await loadStudies(
      'http://page/base/',
      files({
        'studies/index.json': ['gone', 'test', 'broken'],
        'studies/test.json': study,
        'studies/broken.json': broken,
      }),
    );
    const { studies, problems } = useStudies.getState();
    expect(studies).toEqual([study]);
    expect(problems).toHaveLength(2);
    expect(problems).toContain('studies/gone.json: expected a file beside the page, got HTTP 404. It is left out.');
    expect(problems.find((problem) => problem.startsWith('studies/broken.json'))).toMatch(/expected one of .*"maybe"/);
  });
});

describe('the list of studies', () => {
  const offer = (id: string): StudyReport => ({
    id,
    title: `Offered ${id}`,
    question: 'Does it?',
    arms: [{ id: 'a', label: 'The first' }],
    sizes: [{ id: 'software', label: 'small', seeds: 3 }],
  });

  it('holds each study once, the recorded ones first', () => {
    const record = studyOf([]);
    const listed = listedStudies([record], [offer('other'), offer('test')]);
    expect(listed.map(({ id, recorded, offered }) => [id, recorded?.study, offered?.id])).toEqual([
      ['test', 'test', 'test'],
      ['other', undefined, 'other'],
    ]);
    expect(listedStudies([record], [])[0]).toMatchObject({ recorded: record, offered: null });
  });

  it('is asked of the engine once', async () => {
    const { sent, answer } = connected();
    useOfferedStudies.setState({ offered: null });
    const listing = listStudies();
    expect(sent.map(({ name }) => name)).toEqual(['listStudies']);
    await answer({ studies: [offer('one')] });
    await listing;
    expect(useOfferedStudies.getState().offered).toEqual([offer('one')]);
    await listStudies();
    expect(sent).toHaveLength(1);
  });
});

it('saved runs of a study are named as its arms', () => {
  const record = recordOf({ id: '1', study: { id: 'one', size: 'software', arm: 'a' } });
  const named = runsOfRecords([record], [{ id: 'one', arms: [{ id: 'a', label: 'The first' }] }]);
  expect(named.map(({ label }) => label)).toEqual(['The first']);
  expect(runsOfRecords([record], []).map(({ label }) => label)).toEqual(['a']);
});

function studyOf(runs: StudyRecord['runs']): StudyRecord {
  return {
    format: 1,
    study: 'test',
    size: 'software',
    title: 'A test',
    question: 'Does it work?',
    created: '2025-01-02T03:04:05.000Z',
    adapter: 'a processor',
    commit: '0123456789',
    command: 'sdlm study test',
    seeds: 1,
    arms: [
      { id: 'early', label: 'The early one' },
      { id: 'late', label: 'The late one' },
    ],
    runs,
    tables: [{ title: 'Calls', columns: ['calls', 'quality'], rows: [[1, 'bad']] }],
    verdicts: [{ claim: 'It works.', outcome: 'undecided', evidence: '1 ± 1' }],
  };
}
