/** --image-…: how pictures become numbers. No part of a circuit: whoever gives a picture says how it is read. */
import type { Command } from 'commander';
import type { ImageFlags, ImageOptions } from '../inputs/image.js';
import type { InputSpec } from '../inputs/tensor.js';

export interface PictureFlags {
  readonly imageLayout?: string;
  readonly imageResize?: string;
  readonly imageColor?: string;
  readonly imageMean?: string;
  readonly imageStd?: string;
  readonly imageRange?: string;
  readonly imageInvert?: boolean;
}

export function pictureOptions(command: Command): Command {
  return command
    .option('--image-layout <layout>', 'pictures: NCHW or NHWC (default: by the shape of the input)')
    .option('--image-resize <how>', 'pictures: none (default), nearest or bilinear')
    .option('--image-color <order>', 'pictures: rgb, bgr or gray (default: by the number of channels)')
    .option('--image-range <n>', 'pictures: the value of a white pixel before mean and std (default 1)')
    .option('--image-mean <m>', 'pictures: subtracted, one number or one a channel')
    .option('--image-std <s>', 'pictures: divided by, one number or one a channel')
    .option('--image-invert', 'pictures: black on white becomes white on black');
}

/** What the flags say of pictures for these inputs; undefined where none is given. Throws USAGE, INPUT_NAME, INPUT_SHAPE. */
export async function picturesRead(
  flags: PictureFlags,
  specs: readonly InputSpec[],
): Promise<ImageOptions | undefined> {
  const { imageLayout, imageResize, imageColor, imageMean, imageStd, imageRange, imageInvert } = flags;
  const given = Object.entries({
    layout: imageLayout,
    resize: imageResize,
    color: imageColor,
    mean: imageMean,
    std: imageStd,
    range: imageRange,
    invert: imageInvert,
  }).filter(([, value]) => value !== undefined);
  if (given.length === 0) return undefined;
  const { onlyImageInput, parseImageFlags } = await import('../inputs/image.js');
  return parseImageFlags(Object.fromEntries(given) as ImageFlags, onlyImageInput(specs, '--image-…'));
}
