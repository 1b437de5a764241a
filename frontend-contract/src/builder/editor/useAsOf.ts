/** The instant that is previewed: now, unless another one is filled in. */
import { useState } from 'react';
import { toField, toInstant } from '../common/instants.js';

export interface AsOf {
  /** As it stands in the field, in the browser's time zone; empty for now. */
  text: string;
  /** As ISO 8601; nothing for now. */
  instant: string | undefined;
  change: (text: string) => void;
}

const DAY = 86_400_000;

export function useAsOf(): AsOf {
  const [text, change] = useState('');
  return { text, instant: toInstant(text), change };
}

/** So many days from now, as a field for a date and a time takes it. */
export function daysFromNow(days: number): string {
  return toField(new Date(Date.now() + days * DAY).toISOString()).slice(0, 16);
}
