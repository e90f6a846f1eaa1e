/* global document, File, ImageData */
/**
 * The script of verify.html: reads dropped files, verifies, shows what was proven. Names and labels come from files nobody vouches
 * for, so everything is written as text, never as markup.
 */
import { CLAMPED_SENTENCES, clampedWord } from '../../verify/clamped.js';
import { verify } from '../../verify/index.js';

/** Rows of a table before it is cut; a page of ten thousand rows helps nobody. */
const MAX_ROWS = 64;
/** Sides an input may have to be taken for a picture, in pixels. */
const IMAGE_SIDE = { least: 2, most: 1024 };

const state = { key: undefined, proof: undefined, opening: undefined };

function element(tag, text = '', className = '') {
  const node = document.createElement(tag);
  node.textContent = text;
  if (className !== '') node.className = className;
  return node;
}

function showNumber(value) {
  return Number.isInteger(value) ? String(value) : value.toPrecision(7).replace(/\.?0+$/, '');
}

/** "key", "proof" or "opening" by its fields, read by nobody yet; undefined for anything else. */
function kindOf(text) {
  if (/"(?:vk_alpha_1|relation)"\s*:/.test(text)) return 'key';
  if (/"salts"\s*:/.test(text)) return 'opening';
  return /"(?:pi_a|publicSignals)"\s*:/.test(text) ? 'proof' : undefined;
}

function put(kind, text, source) {
  state[kind] = text;
  document.getElementById(`${kind}-state`).textContent = source;
  refresh();
}

async function take(file, fallback) {
  const text = await file.text();
  put(kindOf(text) ?? fallback, text, file.name);
}

function refresh() {
  const result = document.getElementById('result');
  result.replaceChildren();
  if (state.key === undefined || state.proof === undefined) return;
  try {
    const verdict = verify(state.proof, state.key, state.opening === undefined ? {} : { opening: state.opening });
    result.append(
      ...(verdict.valid ? validNodes(verdict, JSON.parse(state.key).zkonnx.schema) : refusedNodes(verdict)),
    );
  } catch (error) {
    result.append(element('p', `These files cannot be used. ${error.message}`, 'verdict refused'));
  }
}

function refusedNodes({ reason, message }) {
  return [element('p', `Refused: ${reason}`, 'verdict refused'), element('p', message)];
}

function validNodes(verdict, schema) {
  const nodes = [element('p', 'Valid: this was proven', 'verdict valid')];
  nodes.unshift(setupWarning(verdict));
  const clamped = clampedWord(verdict.clamped, verdict.overflow);
  if (clamped === 'yes' || clamped === 'unsaid')
    nodes.push(element('p', `Clamped: ${CLAMPED_SENTENCES[clamped]}.`, 'warning'));
  for (const tensor of schema.outputs) nodes.push(...tensorNodes('Output', tensor, verdict, verdict.outputs));
  for (const tensor of schema.inputs) nodes.push(...tensorNodes('Input', tensor, verdict, verdict.inputs));
  const details = element('dl');
  for (const [name, value] of [
    ['Model', verdict.modelHash],
    ...Object.entries(verdict.model).map(([field, said]) => [`Model’s ${field}, by its publisher`, said]),
    ['Circuit', verdict.circuitHash],
    ['Schema', verdict.schemaDigest],
    ['Key', verdict.keyDigest],
    ['Clamped', CLAMPED_SENTENCES[clamped]],
    ['What the proof binds', BOUND_TO[verdict.boundTo]],
    ...(verdict.context === undefined ? [] : [['Context', verdict.context]]),
  ]) {
    const definition = element('dd');
    definition.append(element('code', value));
    details.append(element('dt', name), definition);
  }
  return [...nodes, element('h2', 'Names'), details];
}

const BOUND_TO = {
  key: 'this key alone: model, schema and setup are what the proof was made for',
  points: 'the points of this key alone: another key with these points may call the same proof something else',
};

const SETUP_WARNINGS = {
  development:
    'DEVELOPMENT KEY. Whoever made this key can forge proofs for it: fit for tests, worth nothing as evidence.',
  unknown: 'KEY OF UNKNOWN ORIGIN. Whoever knows how this key was made may be able to forge proofs for it.',
  none: 'NO SETUP. Nothing about this key is secret, and anybody makes it again from the model.',
};

function setupWarning({ setup, review }) {
  const text = SETUP_WARNINGS[setup] + (review === undefined ? '' : ` The protocol is ${review}.`);
  const node = element('p', text, 'warning');
  node.setAttribute('role', 'alert');
  return node;
}

function tensorNodes(side, tensor, verdict, values) {
  const heading = element('h2', `${side} ${tensor.name} [${tensor.dims.join(', ')}]`);
  if (tensor.visibility === 'private') {
    return [heading, element('p', 'Private: the proof shows that the prover knew one, and nothing of what it was.')];
  }
  if (tensor.visibility === 'committed') {
    const line = element('p', 'Committed: hidden behind the Poseidon hash ');
    line.append(element('code', verdict.committed[tensor.name]));
    const opened = verdict.opened?.[tensor.name];
    if (opened === undefined) return [heading, line];
    const shown = side === 'Input' ? imageCanvas(tensor, opened.data) : undefined;
    const note = element('p', 'Opened: the opening given is of this commitment.', 'answer');
    return [heading, line, note, shown ?? valueTable(tensor, opened.data, [])];
  }
  const value = values[tensor.name];
  const rows = side === 'Output' ? (verdict.top[tensor.name] ?? []) : [];
  const nodes = [heading];
  if (rows.length === 1)
    nodes.push(element('p', `Largest: ${nameOf(rows[0])} (${showNumber(rows[0].value)})`, 'answer'));
  const picture = side === 'Input' ? imageCanvas(tensor, value.data) : undefined;
  nodes.push(...(picture === undefined ? [valueTable(tensor, value.data, rows)] : [picture]));
  return nodes;
}

function nameOf({ index, label }) {
  return label === undefined ? `element ${index}` : label;
}

function valueTable(tensor, data, top) {
  const table = element('table');
  const width = tensor.dims.at(-1) ?? 1;
  const head = element('tr');
  for (const title of [tensor.labels === undefined ? 'element' : 'label', 'value']) {
    const cell = element('th', title);
    cell.scope = 'col';
    head.append(cell);
  }
  table.append(head);
  data.slice(0, MAX_ROWS).forEach((value, i) => {
    const row = element('tr', '', top[Math.floor(i / width)]?.index === i % width ? 'top' : '');
    const name = element('th', tensor.labels?.[i % width] ?? String(i));
    name.scope = 'row';
    row.append(name, element('td', showNumber(value)));
    table.append(row);
  });
  if (data.length > MAX_ROWS) table.append(element('caption', `The first ${MAX_ROWS} of ${data.length} elements`));
  return table;
}

/** Height, width and channels of a tensor that looks like one picture of 1 or 3 channels; undefined otherwise. */
function imageShape({ dims, image }) {
  const sizes = dims.length === 4 && dims[0] === 1 ? dims.slice(1) : dims;
  const layouts = {
    NCHW: ([channels, height, width]) => ({ height, width, channels, at: (c, i) => c * height * width + i }),
    NHWC: ([height, width, channels]) => ({ height, width, channels, at: (c, i) => i * channels + c }),
  };
  if (sizes.length === 2) return usable(layouts.NCHW([1, ...sizes]));
  if (sizes.length !== 3) return undefined;
  const layout = image?.layout ?? (sizes[2] === 1 || sizes[2] === 3 ? 'NHWC' : 'NCHW');
  return usable(layouts[layout](sizes));
}

function usable(shape) {
  const fits = (side) => side >= IMAGE_SIDE.least && side <= IMAGE_SIDE.most;
  const isPicture = fits(shape.height) && fits(shape.width) && (shape.channels === 1 || shape.channels === 3);
  return isPicture ? shape : undefined;
}

/** The picture, its grey levels spread over the values it holds. */
function imageCanvas(tensor, data) {
  const shape = imageShape(tensor);
  if (shape === undefined) return undefined;
  const { height, width, channels, at } = shape;
  const low = data.reduce((a, b) => Math.min(a, b), Infinity);
  const spread = data.reduce((a, b) => Math.max(a, b), -Infinity) - low || 1;
  const pixels = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) {
      pixels.data[4 * i + c] = Math.round((255 * (data[at(channels === 1 ? 0 : c, i)] - low)) / spread);
    }
    pixels.data[4 * i + 3] = 255;
  }
  const canvas = element('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `The proven input ${tensor.name}, ${width} by ${height} pixels`);
  canvas.getContext('2d').putImageData(pixels, 0, 0);
  return canvas;
}

function start() {
  for (const kind of ['proof', 'key', 'opening']) {
    document.getElementById(`${kind}-file`).addEventListener('change', ({ target }) => {
      if (target.files[0] instanceof File) void take(target.files[0], kind);
    });
  }
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  document.addEventListener('dragleave', () => document.body.classList.remove('dropping'));
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dropping');
    for (const file of event.dataTransfer.files) void take(file, 'proof');
  });
  const embedded = JSON.parse(document.getElementById('embedded').textContent);
  for (const kind of ['key', 'proof']) {
    if (embedded[kind] !== null) put(kind, JSON.stringify(embedded[kind]), 'came with this page');
  }
}

start();
