"""
The golden cases: tiny, odd-shaped probe models that between them cover every branch of the model and the objective.

Each case is a configuration in the form of the schema (src/config/schema.ts), the size of the vocabulary without the
mask, and a seed. A seed is accepted only if the run stays clear of the edges at which float32 may rightly differ from
float64 (`precision_faults` in make_goldens.py); choose another when a changed case is refused.
For token choice the seeds also keep every layer's tokens spread over all experts but one at most.
"""

TRAINING = {
    "steps": 2,
    "learningRate": 0.01,
    "schedule": "constant",
    "warmupSteps": 0,
    "weightDecay": 0.1,
    "beta1": 0.9,
    "beta2": 0.95,
    "clipNorm": 0.5,
    "emaDecay": 0.9,
}


def case(name, seed, shape, vocabulary_size, model, weighting="uniform-k", training={}, objective={}, answers=None):
    """
    shape is (B, T); `model`, `training` and `objective` add to the settings that all cases share. `answers` (B) are the
    positions at which answers begin: only they are masked then.
    """
    B, T = shape
    shared = {"layers": 2, "qkNorm": True, "ropeBase": 10000, "initStd": 0.3}
    return {
        "name": name,
        "seed": seed,
        "vocabularySize": vocabulary_size,
        "answerStarts": answers,
        "config": {
            "model": {**shared, **model},
            "objective": {"weighting": weighting, **objective},
            "data": {"sequenceLength": T} if answers is None else {"sequenceLength": T, "corpus": "pairs"},
            "training": {**TRAINING, **training, "batchSize": B},
        },
    }


def experts(kind, count, choices, width, score, gate, shared=0, **others):
    """Model settings of a mixture of experts."""
    return {
        "feedForward": kind,
        "experts": count,
        "choices": choices,
        "expertWidth": width,
        "sharedExperts": shared,
        "score": score,
        "gate": gate,
        **others,
    }


MUON = {"optimizer": "muon", "muonMomentum": 0.9}

CASES = [
    case("dense-qk-norm", 2, (3, 7), 11, {"width": 20, "heads": 2, "feedForward": "dense", "hiddenWidth": 19}),
    case(
        "dense-no-qk-norm",
        16,
        (2, 9),
        13,
        {"width": 18, "heads": 3, "qkNorm": False, "ropeBase": 100, "feedForward": "dense", "hiddenWidth": 23},
        "elbo",
    ),
    case(
        "dense-mean-over-masked",
        3,
        (3, 7),
        11,
        {"layers": 1, "width": 12, "heads": 2, "feedForward": "dense", "hiddenWidth": 9},
        "none",
    ),
    case(
        "dense-answers",
        5,
        (3, 7),
        11,
        {"layers": 1, "width": 12, "heads": 2, "feedForward": "dense", "hiddenWidth": 9},
        answers=[0, 2, 5],
    ),
    case(
        "expert-choice-answers-elbo",
        6,
        (3, 7),
        11,
        {
            "layers": 1,
            "width": 12,
            "heads": 2,
            **experts("expert-choice", 3, 2, 5, "softmax", "renormalised", expertGroup="sequence"),
        },
        "elbo",
        answers=[1, 3, 2],
    ),
    case(
        "autoregressive-dense",
        5,
        (2, 7),
        11,
        {"layers": 1, "width": 12, "heads": 2, "feedForward": "dense", "hiddenWidth": 9},
        objective={"kind": "autoregressive"},
    ),
    case(
        "autoregressive-dense-input-masking",
        6,
        (3, 9),
        13,
        {"layers": 1, "width": 18, "heads": 3, "qkNorm": False, "feedForward": "dense", "hiddenWidth": 7},
        objective={"kind": "autoregressive", "inputMasking": 0.3},
    ),
    case(
        "autoregressive-token-choice",
        7,
        (2, 9),
        11,
        {"width": 12, "heads": 2, **experts("token-choice", 4, 2, 5, "softmax", "renormalised", balanceLoss=0.1)},
        objective={"kind": "autoregressive"},
    ),
    case(
        "block-diffusion-dense",
        8,
        (2, 6),
        11,
        {"width": 12, "heads": 3, "feedForward": "dense", "hiddenWidth": 7},
        objective={"kind": "block-diffusion", "blockSize": 3},
    ),
    case(
        "block-diffusion-token-choice-elbo",
        9,
        (2, 8),
        11,
        {"layers": 2, "width": 12, "heads": 2, **experts("token-choice", 3, 2, 5, "sigmoid", "scores", balanceLoss=0.1)},
        "elbo",
        objective={"kind": "block-diffusion", "blockSize": 2},
    ),
    case(
        "block-diffusion-expert-choice-leaky",
        10,
        (2, 6),
        13,
        {
            "layers": 1,
            "width": 12,
            "heads": 2,
            "futureLeak": True,
            **experts("expert-choice", 3, 2, 5, "softmax", "renormalised", expertGroup="sequence"),
        },
        "none",
        objective={"kind": "block-diffusion", "blockSize": 2},
    ),
    case(
        "expert-choice-sequence-softmax-renormalised",
        15,
        (2, 11),
        11,
        {"width": 12, "heads": 2, **experts("expert-choice", 5, 2, 7, "softmax", "renormalised", expertGroup="sequence")},
    ),
    case(
        "expert-choice-batch-softmax-scores",
        35,
        (3, 7),
        13,
        {"width": 18, "heads": 3, **experts("expert-choice", 4, 2, 9, "softmax", "scores", expertGroup="batch")},
        "elbo",
    ),
    case(
        "expert-choice-sigmoid-renormalised-shared",
        15,
        (2, 9),
        11,
        {
            "width": 20,
            "heads": 2,
            **experts("expert-choice", 3, 1, 7, "sigmoid", "renormalised", shared=2, expertGroup="sequence"),
        },
    ),
    case(
        "expert-choice-batch-sigmoid-scores-shared",
        4,
        (2, 7),
        11,
        {
            "layers": 1,
            "width": 12,
            "heads": 2,
            **experts("expert-choice", 3, 2, 5, "sigmoid", "scores", shared=1, expertGroup="batch"),
        },
    ),
    case(
        "expert-choice-one-expert",
        1,
        (2, 7),
        13,
        {
            "layers": 1,
            "width": 12,
            "heads": 3,
            **experts("expert-choice", 1, 1, 19, "softmax", "renormalised", expertGroup="sequence"),
        },
    ),
    case(
        "expert-choice-more-experts-than-tokens",
        70,
        (2, 7),
        11,
        {"width": 12, "heads": 2, **experts("expert-choice", 17, 1, 3, "softmax", "scores", expertGroup="sequence")},
        "elbo",
    ),
    case(
        "expert-choice-capacity-factor",
        1,
        (2, 9),
        11,
        {
            "width": 12,
            "heads": 2,
            **experts("expert-choice", 4, 1, 5, "sigmoid", "scores", expertGroup="sequence", capacityFactor=1.6),
        },
    ),
    case(
        "expert-choice-linear-capacity",
        1,
        (3, 9),
        11,
        {
            "width": 12,
            "heads": 2,
            **experts(
                "expert-choice",
                4,
                2,
                5,
                "softmax",
                "renormalised",
                expertGroup="sequence",
                capacitySchedule="linear",
                minChoices=0.5,
            ),
        },
    ),
    case(
        "expert-choice-gaussian-reverse-capacity",
        2,
        (3, 8),
        11,
        {
            "layers": 1,
            "width": 12,
            "heads": 2,
            **experts(
                "expert-choice",
                3,
                1,
                5,
                "sigmoid",
                "scores",
                shared=1,
                expertGroup="sequence",
                capacityFactor=1.5,
                capacitySchedule="gaussian-reverse",
                minChoices=0.4,
            ),
        },
        "elbo",
    ),
    case(
        "expert-choice-first-layer-dense-scaled-shared",
        3,
        (2, 9),
        11,
        {
            "width": 12,
            "heads": 3,
            "denseLayers": 1,
            "hiddenWidth": 17,
            **experts(
                "expert-choice", 5, 2, 7, "softmax", "renormalised", shared=1, expertGroup="batch", scalingFactor=2.5
            ),
        },
        "elbo",
    ),
    case(
        "token-choice-2-softmax-renormalised",
        23,
        (3, 7),
        11,
        {"width": 20, "heads": 2, **experts("token-choice", 5, 2, 7, "softmax", "renormalised", balanceLoss=0.1)},
    ),
    case(
        "token-choice-1-softmax-scores",
        42,
        (2, 11),
        13,
        {"width": 12, "heads": 2, **experts("token-choice", 4, 1, 9, "softmax", "scores", balanceLoss=0.1)},
        "elbo",
    ),
    case(
        "token-choice-2-sigmoid-renormalised-shared",
        60,
        (2, 9),
        11,
        {
            "width": 18,
            "heads": 3,
            **experts("token-choice", 6, 2, 5, "sigmoid", "renormalised", shared=1, balanceLoss=0.1),
        },
    ),
    case(
        "muon-dense",
        2,
        (3, 7),
        11,
        {"width": 20, "heads": 2, "feedForward": "dense", "hiddenWidth": 19},
        training=MUON,
    ),
    case(
        "dense-warm-up-cosine",
        6,
        (3, 7),
        11,
        {"layers": 1, "width": 12, "heads": 2, "feedForward": "dense", "hiddenWidth": 9},
        training={"steps": 5, "schedule": "cosine", "warmupSteps": 2, "finalShare": 0.1, "emaDecay": 0.2},
    ),
    case(
        "muon-warm-up-stable-decay",
        5,
        (3, 7),
        11,
        {"layers": 1, "width": 12, "heads": 2, "feedForward": "dense", "hiddenWidth": 9},
        training={
            **MUON,
            "steps": 6,
            "schedule": "wsd",
            "warmupSteps": 2,
            "decayShare": 0.5,
            "finalShare": 0.1,
            "emaDecay": 0.2,
        },
    ),
    case(
        "muon-expert-choice-shared",
        43,
        (2, 9),
        11,
        {
            "width": 12,
            "heads": 2,
            **experts("expert-choice", 3, 1, 17, "softmax", "renormalised", shared=1, expertGroup="sequence"),
        },
        training=MUON,
    ),
    case(
        "token-choice-2-sigmoid-scores-z-loss",
        7,
        (2, 7),
        11,
        {
            "layers": 1,
            "width": 12,
            "heads": 2,
            **experts("token-choice", 5, 2, 5, "sigmoid", "scores", balanceLoss=0.1, zLoss=0.2),
        },
    ),
    case(
        "token-choice-2-softmax-renormalised-drop-by-position",
        5,
        (2, 7),
        11,
        {
            "width": 12,
            "heads": 2,
            **experts("token-choice", 4, 2, 5, "softmax", "renormalised", balanceLoss=0.1),
            "capacity": "factor",
            "capacityFactor": 0.8,
            "dropRule": "position",
        },
    ),
    case(
        "token-choice-3-sigmoid-scores-drop-by-score",
        14,
        (2, 7),
        11,
        {
            "layers": 1,
            "width": 12,
            "heads": 2,
            **experts("token-choice", 5, 3, 5, "sigmoid", "scores", balanceLoss=0.1),
            "capacity": "factor",
            "capacityFactor": 0.7,
            "dropRule": "score",
        },
    ),
    case(
        "token-choice-1-softmax-scores-balance-by-sequence",
        1,
        (3, 5),
        11,
        {
            "width": 12,
            "heads": 2,
            **experts("token-choice", 4, 1, 5, "softmax", "scores", balanceLoss=0.2, balanceScope="sequence"),
        },
    ),
    case(
        "token-choice-2-softmax-renormalised-jitter-dropout",
        1,
        (2, 7),
        11,
        {
            "width": 12,
            "heads": 2,
            "dropout": 0.2,
            **experts("token-choice", 4, 2, 5, "softmax", "renormalised", balanceLoss=0.1, jitter=0.1),
        },
        training={"seed": 77},
    ),
    case(
        "token-choice-2-sigmoid-renormalised-bias",
        3,
        (2, 7),
        11,
        {
            "width": 12,
            "heads": 2,
            **experts("token-choice", 4, 2, 5, "sigmoid", "renormalised", balanceLoss=0.0, biasRate=0.05),
        },
    ),
]
