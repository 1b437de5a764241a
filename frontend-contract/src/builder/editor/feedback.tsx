/** What the server, or the form itself, has to say about a place of the rule. */
import { createContext, useContext } from 'react';
import type { NodeCount, Preview, Violation } from '../../types.js';
import { isWithin } from '../../violations.js';

export interface Note {
  pointer: string;
  message: string;
}

export class Feedback {
  constructor(
    private readonly violations: readonly Note[] = [],
    private readonly preview?: Preview,
    /** Whether the counts are about the rule as it stands now; old ones would stand at the wrong nodes. */
    private readonly isCurrent = false,
  ) {}

  /** The messages of exactly this place. */
  at(pointer: string): string[] {
    return this.violations.filter((note) => note.pointer === pointer).map(({ message }) => message);
  }

  /** The messages of this place and everything below it, but for what is drawn at a place of its own. */
  within(pointer: string, drawnElsewhere: readonly string[] = []): string[] {
    return this.violations
      .filter((note) => isWithin(note.pointer, pointer) && !drawnElsewhere.some((own) => isWithin(note.pointer, own)))
      .map(({ message }) => message);
  }

  /** What this node does to the number of learners, and of how many. */
  countAt(pointer: string): (NodeCount & { universe: number }) | undefined {
    const node = this.isCurrent ? this.preview?.nodes.find((candidate) => candidate.pointer === pointer) : undefined;
    return node && { ...node, universe: this.preview?.count.universe ?? 0 };
  }

  /** The warnings about this node. */
  warningsAt(pointer: string): string[] {
    const warnings = this.isCurrent ? this.preview?.warnings ?? [] : [];
    return warnings.filter((warning) => warning.pointer === pointer).map(({ message }) => message);
  }
}

export const FeedbackContext = createContext(new Feedback());

export const useFeedback = (): Feedback => useContext(FeedbackContext);

/** The id of the control, or of the fieldset, that stands for a place of the request. */
export function controlIdOf(pointer: string): string {
  return `user-groups${pointer.replace(/[^A-Za-z0-9_]/g, '-')}`;
}

/** Violations as notes. */
export function notesOf(violations: readonly Violation[] | undefined): Note[] {
  return (violations ?? []).map(({ pointer, message }) => ({ pointer, message }));
}
