import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

/** Paragon's tabs watch their width; in jsdom nothing has one. */
class StillObserver implements ResizeObserver {
  observe() {}

  unobserve() {}

  disconnect() {}
}
globalThis.ResizeObserver ??= StillObserver;

afterEach(cleanup);
