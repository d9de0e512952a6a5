/** One stream of charlm. */

export interface StreamRequest {
  prompt: string;
  max_tokens: number;
  temperature: number;
  seed: number;
  [parameter: string]: string | number;
}
