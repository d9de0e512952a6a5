/** The models that come with inferq. */

import { fileURLToPath } from 'node:url';

export const demoModels = fileURLToPath(new URL('../models', import.meta.url));
