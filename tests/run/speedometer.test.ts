/** The speed of a run: of whole steps in their time, not of steps that come home together. */
import { expect, it } from 'vitest';
import { createSpeedometer } from '../../src/run/speedometer.ts';
import { maxInFlight } from '../../src/runtime/runtime.ts';

it('is that of the steps, however many come home at once at the start and after an interruption', () => {
  const speed = createSpeedometer(512);
  const truth = 512 / 0.02;
  let now = 0;
  const rates: number[] = [];
  const stretch = () => {
    // All that were submitted at the start, a moment apart; from then on one every 20 ms.
    for (let i = 0; i < 40; i += 1) {
      now += i < maxInFlight ? 1 : 20;
      speed.step(now);
      rates.push(speed.rate());
    }
  };
  stretch();
  now += 5000;
  speed.interrupt();
  stretch();
  expect(rates.findIndex((rate) => !Number.isNaN(rate))).toBe(2 * maxInFlight);
  for (const rate of rates.filter((one) => !Number.isNaN(one))) expect(rate).toBeCloseTo(truth, 6);
});

it('follows a run that gets slower', () => {
  const speed = createSpeedometer(100);
  for (let i = 1; i <= 60; i += 1) speed.step(10 * i);
  for (let i = 1; i <= 60; i += 1) speed.step(600 + 40 * i);
  expect(speed.rate()).toBeCloseTo(100 / 0.04, 6);
});
