/** Names of the environment variables by which a user sets a provider up: its id in capitals leads them. */

export type ProviderSetting = 'API_KEY' | 'BASE_URL' | 'BUDGET'

/** For example `ALPHA_VANTAGE_API_KEY` of `alpha-vantage`. */
export function variableOf(providerId: string, setting: ProviderSetting): string {
  return `${providerId.replaceAll('-', '_').toUpperCase()}_${setting}`
}
