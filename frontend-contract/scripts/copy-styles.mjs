/** The compiler leaves style sheets behind: puts the builder's beside its code. */
import { copyFileSync } from 'node:fs';

copyFileSync('src/builder/builder.css', 'dist/builder/builder.css');
