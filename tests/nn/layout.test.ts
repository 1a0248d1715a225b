/** Where parameters lie and what they start as, for any model that a configuration allows. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { adamwRoles, layoutOf, muonMatrices, partsOf } from '../../src/nn/layout.ts';
import { initialParameters } from '../../src/nn/parameters.ts';
import { roles } from '../../src/ops/adamw.ts';
import { rangeAlignment } from '../../src/runtime/recording.ts';
import { sizeOf } from '../../src/tensor/tensor.ts';

const models = fc
  .record({
    'model.layers': fc.integer({ min: 2, max: 3 }),
    'model.denseLayers': fc.integer({ min: 0, max: 1 }),
    'model.heads': fc.integer({ min: 1, max: 4 }),
    headWidth: fc.integer({ min: 2, max: 5 }).map((half) => 2 * half),
    'model.qkNorm': fc.boolean(),
    'model.feedForward': fc.constantFrom('dense', 'expert-choice', 'token-choice'),
    'model.hiddenWidth': fc.integer({ min: 1, max: 70 }),
    'model.experts': fc.integer({ min: 2, max: 9 }),
    'model.expertWidth': fc.integer({ min: 1, max: 40 }),
    'model.sharedExperts': fc.integer({ min: 0, max: 2 }),
    'model.biasRate': fc.constantFrom(0, 0.001),
  })
  .map(({ headWidth, ...settings }) => {
    const width = headWidth * settings['model.heads'];
    return withSettings(defaultExperiment(), { ...settings, 'model.width': width }).model;
  });

test('tensors do not overlap, have names of their own, and lie in blocks that start where a binding may', () => {
  fc.assert(
    fc.property(models, fc.integer({ min: 1, max: 70 }), (model, vocabularySize) => {
      const layout = layoutOf(model, vocabularySize);
      const parts = partsOf(layout);
      expect(new Set(parts.map(({ name }) => name)).size).toBe(parts.length);
      let end = 0;
      for (const { offset, shape } of parts) {
        expect(offset).toBeGreaterThanOrEqual(end);
        end = offset + sizeOf(shape);
      }
      expect(layout.length).toBeGreaterThanOrEqual(end);
      expect(layout.parameters).toBe(parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
      for (const { offset, shape, parts } of layout.blocks.values()) {
        expect(offset % rangeAlignment).toBe(0);
        expect(parts[0].offset).toBe(offset);
        // What an op reads at once is its parts without gaps.
        expect(parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(sizeOf(shape));
      }
    }),
  );
});

test('exactly the matrices decay, and start as noise; norms start at one; biases and padding at zero', () => {
  fc.assert(
    fc.property(models, (model) => {
      const layout = layoutOf(model, 11);
      const granules = adamwRoles(layout, 'adamw');
      const values = initialParameters(layout, model.layers, model.initStd, 1);
      const covered = new Uint8Array(layout.length);
      for (const { name, offset, shape } of partsOf(layout)) {
        const isNorm = /norm/.test(name);
        const isBias = /bias/.test(name);
        for (let i = offset; i < offset + sizeOf(shape); i++) {
          covered[i] = 1;
          if (granules[Math.floor(i / rangeAlignment)] !== (isNorm || isBias ? roles.updates : roles.decays))
            throw new Error(`decay of ${name} at ${i}`);
          if (isNorm && values[i] !== 1) throw new Error(`start of ${name} at ${i}: ${values[i]}`);
          if (isBias && values[i] !== 0) throw new Error(`start of ${name} at ${i}: ${values[i]}`);
        }
      }
      expect(values.every((value, i) => covered[i] === 1 || value === 0)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('Muon has every matrix between hidden states, and AdamW exactly the rest', () => {
  fc.assert(
    fc.property(models, (model) => {
      const layout = layoutOf(model, 11);
      const granules = adamwRoles(layout, 'muon');
      const places = new Map(muonMatrices(layout).map((matrix) => [matrix.offset, matrix]));
      for (const { name, offset, shape } of partsOf(layout)) {
        const isMuon = /proj\.weight$/.test(name);
        expect(places.get(offset), name).toEqual(isMuon ? { offset, rows: shape[0], columns: shape[1] } : undefined);
        expect(granules[Math.floor(offset / rangeAlignment)] === roles.elsewhere, name).toBe(isMuon);
      }
    }),
    { numRuns: 40 },
  );
});

test('matrices have the deviation asked for, smaller where they write to the residual stream', () => {
  const { model } = withSettings(defaultExperiment(), { 'model.feedForward': 'dense', 'model.layers': 2 });
  const layout = layoutOf(model, 64);
  const values = initialParameters(layout, 2, 0.02, 1);
  for (const { name, offset, shape } of partsOf(layout)) {
    if (shape.length < 2) continue;
    const size = sizeOf(shape);
    const part = values.subarray(offset, offset + size);
    const mean = part.reduce((sum, value) => sum + value, 0) / size;
    const deviation = Math.sqrt(part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size);
    const expected = /o_proj|down_proj/.test(name) ? 0.02 / 2 : 0.02;
    // The relative error of a deviation of n draws is 1 / sqrt(2 n): 0.011 for the smallest, 64 x 64.
    expect(Math.abs(deviation / expected - 1), name).toBeLessThan(0.045);
    expect(Math.abs(mean), name).toBeLessThan((4 * expected) / Math.sqrt(size));
  }
  expect(initialParameters(layout, 2, 0.02, 1)).toEqual(values);
  expect(initialParameters(layout, 2, 0.02, 2)).not.toEqual(values);
});

test('the names are those of the Hugging Face layout', () => {
  const { model } = withSettings(defaultExperiment(), {
    'model.layers': 2,
    'model.denseLayers': 1,
    'model.experts': 2,
    'model.sharedExperts': 1,
    'model.qkNorm': true,
    'model.feedForward': 'token-choice',
    'model.biasRate': 0.001,
  });
  const layer = 'model.layers.1';
  const experts = [0, 1].map((e) => `${layer}.mlp.experts.${e}`);
  const swiglu = (name: string) => ['gate_proj', 'up_proj', 'down_proj'].map((part) => `${name}.${part}.weight`);
  const attention = (name: string) => [
    `${name}.input_layernorm.weight`,
    ...['q_proj', 'k_proj', 'v_proj', 'o_proj', 'q_norm', 'k_norm'].map((part) => `${name}.self_attn.${part}.weight`),
    `${name}.post_attention_layernorm.weight`,
  ];
  const expected = [
    'model.embed_tokens.weight',
    ...attention('model.layers.0'),
    ...swiglu('model.layers.0.mlp'),
    ...attention(layer),
    `${layer}.mlp.gate.weight`,
    `${layer}.mlp.gate.e_score_correction_bias`,
    ...experts.flatMap(swiglu),
    ...swiglu(`${layer}.mlp.shared_expert`),
    'model.norm.weight',
    'lm_head.weight',
  ];
  const names = partsOf(layoutOf(model, 7)).map(({ name }) => name);
  expect(names.sort()).toEqual(expected.sort());
});
