import { afterAll, beforeAll, test } from 'vitest';
import { campaignFrom, runCampaign } from './model-based/campaign.ts';
import { openSystem, type System } from './model-based/system.ts';

let system: System;

beforeAll(async () => {
  system = await openSystem();
});

afterAll(() => system?.close());

test('whatever is done to the queue, in any order, it does what the oracle says', { timeout: 3_600_000 }, async () => {
  const campaign = campaignFrom(process.env, 60);
  console.log(`seed ${campaign.seed}, ${campaign.runs} runs`);
  await runCampaign(system, campaign);
});
