/** The decoders in words (SCIENCE 5). Which exist is declared by the protocol. */
import type { DecoderName } from '../../worker/protocol.ts';

export const decoders: Record<DecoderName, { label: string; why: string }> = {
  confidence: {
    label: 'Most confident first',
    why: 'Each call commits the positions whose best token is the most probable (LLaDA, MaskGIT).',
  },
  ancestral: {
    label: 'Ancestral',
    why: 'Each call uncovers positions at random and samples them: follows the model’s distribution.',
  },
};
