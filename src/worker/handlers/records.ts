/** Commands about the saved runs: records of runs that have ended. */
import { studies } from '../../lab/studies.ts';
import { studyResults } from '../../lab/studyResults.ts';
import { addRecords, listRecords, removeRecords, renameRecord } from '../records.ts';
import type { Engine, Handlers } from './handlers.ts';

type Names = 'listRuns' | 'renameRun' | 'removeRuns' | 'addRuns' | 'studyResults';

export function recordHandlers({ storage, library, tellLibrary, report }: Engine): Handlers<Names> {
  return {
    listRuns: async () => ({ runs: await listRecords(storage(), report) }),
    renameRun: async ({ id, name }) => {
      const run = await renameRecord(storage(), id, name);
      // Its model goes by the same name.
      await library().rename(id, run.name);
      await tellLibrary();
      return { run };
    },
    removeRuns: async ({ ids }) => {
      await removeRecords(storage(), ids);
      return {};
    },
    addRuns: async ({ runs }) => {
      await addRecords(storage(), runs);
      return {};
    },
    studyResults: async () => {
      // Those that cannot be read have been told of when they were listed.
      const runs = await listRecords(storage(), () => {});
      return { results: studyResults(studies, runs, __BUILD_COMMIT__) };
    },
  };
}
