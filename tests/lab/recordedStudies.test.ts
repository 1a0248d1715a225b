/** The studies that were recorded and are shipped with the page: of the studies as declared, and truly concluded. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { differences } from '../../src/config/experiment.ts';
import { parseStudyRecord } from '../../src/config/parseRecords.ts';
import { studyById } from '../../src/lab/studies.ts';
import { conclusionsOf } from '../../src/lab/studyRecord.ts';
import { plannedRuns, studySize } from '../../src/lab/studyRuns.ts';

const folder = new URL('../../public/studies/', import.meta.url);
const ids = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as string[];
const files = ids.map((id) => ({ id, json: readFileSync(new URL(`${id}.json`, folder), 'utf8') }));

it('lists exactly the records that are there', () => {
  const there = readdirSync(folder).filter((name) => name !== 'index.json');
  expect(ids.map((id) => `${id}.json`).sort()).toEqual(there.sort());
  expect(new Set(ids).size).toBe(ids.length);
});

describe.each(files)('$id', ({ id, json }) => {
  const record = parseStudyRecord(JSON.parse(json), `${id}.json`);
  const study = studyById(id);

  it('is small, and says where it comes from', () => {
    expect(json.length / record.runs.length).toBeLessThan(6000);
    expect(record.study).toBe(id);
    expect(record.commit).toMatch(/^[0-9a-f]{7,}$/);
    expect(record.command).toContain(`study ${id}`);
    expect(record.adapter).not.toBe('');
  });

  it('holds the runs of the study as it is declared', () => {
    const planned = plannedRuns(study, studySize(record.size), record.seeds);
    expect(record.runs.map(({ name }) => name)).toEqual(planned.map(({ name }) => name));
    record.runs.forEach((run, index) => {
      expect(differences(run.experiment, planned[index].experiment)).toEqual({});
      expect(run).toMatchObject({ status: 'finished', steps: run.experiment.training.steps });
    });
  });

  it('concludes what its runs say', () => {
    const { tables, verdicts } = JSON.parse(JSON.stringify(conclusionsOf(study, record.runs)));
    expect(record.verdicts).toEqual(verdicts);
    expect(record.tables).toEqual(tables);
  });
});
