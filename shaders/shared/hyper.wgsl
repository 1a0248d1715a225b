// What changes of the optimizers from step to step, in the order of `src/ops/hyper.ts`; t counts steps from 1.
struct Hyper {
  learningRate: f32,
  correction1: f32, // 1 / (1 - beta1^t)
  correction2: f32, // 1 / (1 - beta2^t)
  averageDecay: f32,
}
