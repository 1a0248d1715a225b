/** The library of models: within its budget, the oldest unpinned first, and never without a word. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../src/nn/layout.ts';
import { initialParameters } from '../../src/nn/parameters.ts';
import { createLibrary, defaultBudget, leaving } from '../../src/worker/library.ts';
import { tinyExperiment, tinyText } from '../support/tinyRun.ts';
import { memoryStorage } from './world.ts';

const experiment = tinyExperiment();
const { tokenizer } = tinyText(experiment);
const weightsOf = (seed: number) =>
  initialParameters(layoutOf(experiment.model, tokenizer.vocabularySize), 1, 0.1, seed);
const modelOf = (id: string, seed = 1) => ({
  id,
  name: `Run ${id}`,
  step: 7,
  experiment,
  tokenizer,
  weights: weightsOf(seed),
});

/** A library whose models are kept a second after each other. */
function libraryOn(storage = memoryStorage()) {
  let time = 0;
  return { storage, library: createLibrary(storage, () => (time += 1000)) };
}

describe('the library', () => {
  it('keeps models whole, newest first, with their sizes', async () => {
    const { library, storage } = libraryOn();
    expect(await library.keep(modelOf('a', 1))).toEqual([]);
    expect(await library.keep(modelOf('b', 2))).toEqual([]);
    const listed = await library.list();
    expect(listed.map(({ id, name, step, isPinned }) => [id, name, step, isPinned])).toEqual([
      ['b', 'Run b', 7, false],
      ['a', 'Run a', 7, false],
    ]);
    expect(listed[0].bytes).toBe((await storage.files.read('b.safetensors'))!.length);
    expect(await library.read('a')).toMatchObject({ experiment, where: 'run "Run a"', weights: weightsOf(1) });
    await library.rename('a', 'Best');
    expect((await library.read('a')).where).toBe('run "Best"');
    await library.remove('a');
    expect([await library.has('a'), await storage.files.read('a.safetensors')]).toEqual([false, null]);
    await expect(library.read('a')).rejects.toThrow('expected one that is kept on this machine, got a, which is gone');
  });

  it('lets the oldest go that is not pinned, and says which', async () => {
    const { library } = libraryOn();
    await library.keep(modelOf('a'));
    const [{ bytes }] = await library.list();
    for (const id of ['b', 'c']) await library.keep(modelOf(id));
    await library.pin('a', true);
    // Room for three of the same size.
    expect(await library.setBudget(Math.max(1e6, 3 * bytes))).toEqual([]);
    const many = Math.floor(Math.max(1e6, 3 * bytes) / bytes);
    const said: string[] = [];
    for (let i = 0; i < many - 2; i += 1) said.push(...(await library.keep(modelOf(`d${i}`))));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^The weights of “Run b” \(.*B\) were removed, the oldest of those not pinned, to keep to .*B/,
    );
    const left = (await library.list()).map(({ id }) => id);
    expect(left).toContain('a');
    expect(left).not.toContain('b');
    expect(left).toContain('c');
  });

  it('makes room at once for a smaller budget, and says so of a model for which there is none', async () => {
    const { library } = libraryOn();
    for (let i = 0; i < 60; i += 1) await library.keep(modelOf(`m${i}`));
    const before = await library.list();
    const gone = await library.setBudget(1e6);
    expect(gone.length).toBeGreaterThan(0);
    expect((await library.list()).length).toBe(before.length - gone.length);
    expect((await library.list()).reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(1e6);
    for (const { id } of await library.list()) await library.pin(id, true);
    const [sentence] = await library.keep(modelOf('last'));
    expect(sentence).toMatch(
      /^The weights of “Run last” \(.*\) are not kept: of 1 MB for models, pinned ones leave no room/,
    );
    expect(await library.has('last')).toBe(false);
    await expect(library.setBudget(5)).rejects.toThrow('budget of models: expected at least 1 MB, got 5 B');
    expect(await library.budget()).toBe(1e6);
  });

  it('remembers what was set, and starts from a stated budget', async () => {
    const { library, storage } = libraryOn();
    expect(await library.budget()).toBe(defaultBudget);
    await library.setBudget(5e6);
    expect(await createLibrary(storage).budget()).toBe(5e6);
  });

  it('reads nothing from a file that is spoilt', async () => {
    const { library, storage } = libraryOn();
    await library.keep(modelOf('a'));
    const bytes = (await storage.files.read('a.safetensors'))!;
    bytes[bytes.length - 1] ^= 8;
    await storage.files.write('a.safetensors', bytes);
    await expect(library.read('a')).rejects.toThrow('a.safetensors: expected the bytes that were written, got others');
  });
});

it('lets go of just enough, the oldest first, never of what is pinned', () => {
  const models = fc.array(
    fc.record({
      bytes: fc.integer({ min: 1, max: 100 }),
      savedAt: fc.integer({ min: 0, max: 1000 }),
      isPinned: fc.boolean(),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(models, fc.integer({ min: 0, max: 800 }), (some, budget) => {
      const gone = leaving(some, budget);
      const stay = some.filter((model) => !gone.includes(model));
      const sizeOf = (list: readonly { bytes: number }[]) => list.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(gone.some(({ isPinned }) => isPinned)).toBe(false);
      if (stay.some(({ isPinned }) => !isPinned)) expect(sizeOf(stay)).toBeLessThanOrEqual(budget);
      for (const model of stay)
        if (!model.isPinned) for (const other of gone) expect(other.savedAt).toBeLessThanOrEqual(model.savedAt);
      // With the last one that went still there, they would not fit.
      if (gone.length > 0) expect(sizeOf(stay) + gone[gone.length - 1].bytes).toBeGreaterThan(budget);
    }),
  );
});
