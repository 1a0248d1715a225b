/** A scale of colours from the least to the most, for the keys of pictures. */

interface GradientProps {
  /** The colour of a share of the scale, 0 to 1. */
  colourOf: (share: number) => string;
}

const shares = [0, 0.25, 0.5, 0.75, 1];

export function Gradient({ colourOf }: GradientProps) {
  const background = `linear-gradient(90deg, ${shares.map((share) => colourOf(share)).join(', ')})`;
  return <span aria-hidden="true" className="gradient" style={{ background }} />;
}
