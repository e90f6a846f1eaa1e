/**
 * Every ONNX operator this importer knows, by name. A name without a definition, a definition without its name and an operator that two groups
 * define do not compile: the error names the operator.
 */
import { CLASSICAL_HELP, isClassical } from './classical.js';
import { activation } from './ops/activation.js';
import { arithmetic } from './ops/arithmetic.js';
import { comparisons } from './ops/comparison.js';
import { constants } from './ops/constants.js';
import { convolution } from './ops/convolution.js';
import { functionTables } from './ops/functions.js';
import { layerNormalizations } from './ops/layer-normalization.js';
import { matrix } from './ops/matrix.js';
import { movement } from './ops/movement.js';
import { normalization } from './ops/normalization.js';
import { pooling } from './ops/pooling.js';
import { reductions } from './ops/reduction.js';
import { shapes } from './ops/shape.js';
import type { Operator } from './operator.js';

export type OperatorName =
  | 'Conv'
  | 'Gemm'
  | 'MatMul'
  | 'Add'
  | 'Sub'
  | 'Mul'
  | 'Div'
  | 'Neg'
  | 'Sum'
  | 'Mean'
  | 'Max'
  | 'Min'
  | 'Pow'
  | 'Relu'
  | 'LeakyRelu'
  | 'PRelu'
  | 'Clip'
  | 'Sigmoid'
  | 'Tanh'
  | 'Softmax'
  | 'LogSoftmax'
  | 'MaxPool'
  | 'AveragePool'
  | 'GlobalAveragePool'
  | 'GlobalMaxPool'
  | 'ReduceSum'
  | 'ReduceMean'
  | 'ReduceMax'
  | 'ArgMax'
  | 'BatchNormalization'
  | 'Dropout'
  | 'Flatten'
  | 'Reshape'
  | 'Squeeze'
  | 'Unsqueeze'
  | 'Identity'
  | 'Shape'
  | 'Size'
  | 'Transpose'
  | 'Concat'
  | 'Split'
  | 'Slice'
  | 'Pad'
  | 'Gather'
  | 'Expand'
  | 'Where'
  | 'Constant'
  | 'ConstantOfShape'
  | 'Range'
  | 'Cast'
  | 'CastLike'
  | 'Equal'
  | 'Greater'
  | 'Less'
  | 'And'
  | 'Or'
  | 'Not'
  | 'Abs'
  | 'Ceil'
  | 'Floor'
  | 'Sqrt'
  | 'Exp'
  | 'Log'
  | 'Reciprocal'
  | 'GreaterOrEqual'
  | 'LessOrEqual'
  | 'Xor'
  | 'Erf'
  | 'Gelu'
  | 'Softplus'
  | 'Softsign'
  | 'Mish'
  | 'Elu'
  | 'Celu'
  | 'Selu'
  | 'Swish'
  | 'HardSigmoid'
  | 'HardSwish'
  | 'Sign'
  | 'Round'
  | 'LayerNormalization'
  | 'RMSNormalization';

const groups = [
  convolution,
  matrix,
  arithmetic,
  activation,
  functionTables,
  comparisons,
  pooling,
  reductions,
  normalization,
  layerNormalizations,
  shapes,
  movement,
  constants,
] as const;

type Groups = typeof groups;
type NamesOf<Group> = Group extends unknown ? keyof Group : never;
type Defined = NamesOf<Groups[number]>;
/** Names that a group defines although one before it does. */
type DefinedTwice<Rest extends readonly unknown[], Before = never> = Rest extends readonly [
  infer First,
  ...infer Others,
]
  ? (keyof First & Before) | DefinedTwice<Others, Before | keyof First>
  : never;
type None<Names extends never> = Names;
type EachDefinedOnce =
  | OperatorName
  | None<Exclude<OperatorName, Defined>>
  | None<Exclude<Defined, OperatorName>>
  | None<DefinedTwice<Groups>>;

export const operators = Object.fromEntries(groups.flatMap((group) => Object.entries(group))) as Readonly<
  Record<EachDefinedOnce, Operator>
>;

/** The operator of a node of ONNX's own domain. */
export function findOperator(domain: string, opType: string): Operator | undefined {
  return domain === '' && Object.hasOwn(operators, opType) ? operators[opType as OperatorName] : undefined;
}

/** What to do about operators people meet and this tool does not have. */
const advice: Readonly<Record<string, string>> = {
  InstanceNormalization: 'use BatchNormalization, whose statistics are constants in inference',
  GroupNormalization: 'use BatchNormalization, whose statistics are constants in inference',
  ConvTranspose: 'use nearest-neighbour upsampling by Gather or Expand, and Conv',
  Resize: 'resize by Gather or Expand (nearest neighbour), or resize the input before proving',
  If: 'export without control flow, for the branch that is taken',
  Loop: 'unroll the loop at export',
  Scan: 'unroll the loop at export',
  LSTM: 'unroll the recurrence at export into MatMul, Add, Mul, Sigmoid and Tanh',
  GRU: 'unroll the recurrence at export into MatMul, Add, Mul, Sigmoid and Tanh',
  RNN: 'unroll the recurrence at export into MatMul, Add and Tanh',
  TopK: 'output the scores, and take the best outside; or use ArgMax',
  NonMaxSuppression: 'output boxes and scores, and select outside of the proof',
};

/** `folds`: whether all that the node reads is constant, so that what it computes is too. */
export function adviceFor(domain: string, opType: string, folds: boolean): string {
  if (folds)
    return `its inputs are all constants: fold it into one (onnxsim model.onnx folded.onnx, or onnxruntime's offline optimisation)`;
  if (/^(QLinear|Quantize|Dequantize|DynamicQuantize|ConvInteger|MatMulInteger)/.test(opType)) {
    return 'give the float model from before its quantisation: compile quantises by itself';
  }
  if (isClassical(domain)) return CLASSICAL_HELP;
  if (domain !== '') return `operators of ${domain} are no part of ONNX: export with standard operators only`;
  return (
    advice[opType] ?? 'rewrite the layer with supported operators (docs/operators.md); zkonnx doctor lists all nodes'
  );
}
