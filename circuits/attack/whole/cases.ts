/**
 * Case splits over `Knowledge`: what every case of a clause agrees on holds. A case is followed for a few steps only, which is enough for the
 * gadget that the clause is of, and splits again within itself; whatever was not followed is conclusions not drawn, never wrong ones.
 */
import type { Case, Knowledge } from './knowledge.js';

/** Clauses looked at in one case. */
const STEPS = 400;
/** Cases within cases. */
const DEPTH = 3;

/** Draws every conclusion; false where the relation has no solution. */
export function conclude(knowledge: Knowledge): boolean {
  if (!knowledge.propagate()) return false;
  for (let progress = true; progress;) {
    progress = false;
    for (let id = 0; id < knowledge.clauses.length; id++) {
      if (!knowledge.isOpen(id)) continue;
      const split = splitOn(knowledge, id, DEPTH);
      if (split === 'conflict') return false;
      if (split === 'nothing') continue;
      progress = true;
      if (!knowledge.propagate()) return false;
    }
  }
  return true;
}

/** Splits on one clause and keeps what all its cases say; the knowledge is not propagated afterwards. */
function splitOn(knowledge: Knowledge, id: number, depth: number): 'conflict' | 'nothing' | 'progress' {
  const cases = knowledge.casesOf(id);
  if (cases === undefined) return 'nothing';
  const outcomes = cases.map((one) => outcomeOf(knowledge, one, depth)).filter((outcome) => outcome !== undefined);
  const [first, ...others] = outcomes;
  if (first === undefined) return 'conflict';
  const agreed = [...first].filter(([wire, value]) => others.every((other) => other.get(wire) === value));
  for (const [wire, value] of agreed) if (!knowledge.set(wire, value)) return 'conflict';
  return agreed.length > 0 ? 'progress' : 'nothing';
}

/** The values that a case gives; undefined where it cannot be. */
function outcomeOf(knowledge: Knowledge, one: Case, depth: number): Map<number, bigint> | undefined {
  const { mark } = knowledge;
  const possible =
    one.every(([wire, value]) => knowledge.set(wire, value)) &&
    knowledge.propagate(STEPS) &&
    (depth === 0 || deepen(knowledge, mark, depth - 1));
  const values = new Map(knowledge.known(mark).map((wire) => [wire, knowledge.values[wire]!]));
  knowledge.undo(mark);
  return possible ? values : undefined;
}

/** Splits on what a case has touched, until that says nothing more. */
function deepen(knowledge: Knowledge, mark: number, depth: number): boolean {
  const spent = knowledge.steps + STEPS;
  for (let progress = true; progress && knowledge.steps < spent;) {
    progress = false;
    const near = new Set(knowledge.touched(mark).flatMap((wire) => knowledge.clausesOf(wire)));
    for (const id of near) {
      if (!knowledge.isOpen(id)) continue;
      const split = splitOn(knowledge, id, depth);
      if (split === 'conflict') return false;
      if (split === 'nothing') continue;
      progress = true;
      if (!knowledge.propagate(STEPS)) return false;
    }
  }
  return true;
}
