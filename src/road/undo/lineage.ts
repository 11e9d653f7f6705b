import type { BeforeImage } from '../../contract/api.ts';

/** Which act an undo, or an undo of an undo, goes back to. */
export interface Lineage {
  /** The image of the act itself; the image where it was no undo. */
  rootOf(image: BeforeImage): BeforeImage;
  /** How many undos lie between the act and this one: 0 the act, 1 its undo, 2 the undo of that. */
  depthOf(image: BeforeImage): number;
}

export function lineageOf(images: readonly BeforeImage[]): Lineage {
  const known = new Map(images.map((image) => [image.id, image]));
  const chain = (image: BeforeImage): readonly BeforeImage[] => {
    const found = [image];
    for (let at = image.undoes; at !== undefined;) {
      const before = known.get(at);
      if (before === undefined || found.includes(before)) break;
      found.push(before);
      at = before.undoes;
    }
    return found;
  };
  return {
    rootOf: (image) => chain(image).at(-1) ?? image,
    depthOf: (image) => {
      const found = chain(image);
      // An undo that a human signed first does not say what it undoes, only which gate it came through.
      return found.length - 1 + (found.at(-1)?.gate === 'undo' ? 1 : 0);
    },
  };
}

/** Whether it took something back, so that undoing it would bring an act's work back. */
export function isUndo(lineage: Lineage, image: BeforeImage): boolean {
  return lineage.depthOf(image) % 2 === 1;
}
