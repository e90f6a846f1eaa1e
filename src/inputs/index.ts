/** What other stages read from model inputs; the formats themselves are this folder's own business. */
export { readIdxImages, readIdxLabels } from './idx.js';
export type { IdxImages, IdxOptions } from './idx.js';
export { imageToTensor, parseImageFlags, rasterToTensor } from './image.js';
export type { ImageFlags, ImageOptions } from './image.js';
export { readOne, readSamples } from './samples.js';
export type { InputSpec, ReadOptions, Sample } from './samples.js';
