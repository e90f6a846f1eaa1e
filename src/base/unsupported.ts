/**
 * Rows of tables that are not written. Every stage keeps one table over all protocols, which the compiler holds complete; a row may also say that
 * there is nothing to say yet:
 *
 *     get name(): never { throw unsupportedProtocol('name', 'contract'); }
 *
 * Such a getter has the type of any row. Whoever asks for it gets PROTOCOL_UNSUPPORTED, before anything of the stage is done. It serves a
 * protocol on its way in, stage by stage, and one that will never have a stage: no contract fits it, no second prover knows it.
 */
import { ZkonnxError } from './errors.js';

/** The error of a row that is not written; `what` the protocol lacks, as a noun without its article. */
export function unsupportedProtocol(protocol: string, what: string): ZkonnxError {
  return new ZkonnxError('PROTOCOL_UNSUPPORTED', `protocol ${protocol} has no ${what} in this version of zkonnx`, {
    got: `protocol ${protocol}`,
    help: 'compile the model with another protocol (--protocol), or use a version of zkonnx that has this one whole',
  });
}

/** The names whose rows are written, in the table's order; for what goes over all protocols. */
export function writtenNames<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  return (Object.keys(table) as Name[]).filter((name) => isWritten(table, name));
}

function isWritten<Name extends string>(table: Readonly<Record<Name, unknown>>, name: Name): boolean {
  try {
    return table[name] !== undefined;
  } catch (error) {
    if (error instanceof ZkonnxError && error.code === 'PROTOCOL_UNSUPPORTED') return false;
    throw error;
  }
}

/** The members that `Rows` lacks of `Name`, all of type `Common`: what is known of a protocol that no row of types describes. */
export type Unwritten<Name extends string, Rows, Common> = { readonly [K in Exclude<Name, keyof Rows>]: Common };
