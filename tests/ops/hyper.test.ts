/** The numbers of a step have the same names in the same places in TypeScript and in WGSL. */
import { expect, test } from 'vitest';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import wgsl from '../../shaders/shared/hyper.wgsl?raw';
import { type Hyper, hyperShape, packHyper, unpackHyper } from '../../src/ops/hyper.ts';

const hyper: Hyper = { averageDecay: 0.875, correction2: 4, correction1: 2, learningRate: 0.5 };

test('members of the struct in WGSL follow each other as the numbers do', () => {
  const [struct] = new WgslReflect(wgsl).structs;
  expect(struct.name).toBe('Hyper');
  expect(struct.members.map(({ type }) => type.name)).toEqual(hyperShape.flatMap((n) => new Array(n).fill('f32')));
  const packed = packHyper(hyper);
  for (const { name, offset } of struct.members) expect(packed[offset / 4], name).toBe(hyper[name as keyof Hyper]);
});

test('what was packed comes back by its names', () => {
  expect(unpackHyper(Float64Array.from(packHyper(hyper)))).toEqual(hyper);
});
