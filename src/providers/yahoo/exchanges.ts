/** The vendor's codes of exchanges, by which calendars are chosen, as ISO 10383 codes. */

const MICS: Readonly<Record<string, string>> = {
  // United States
  NMS: 'XNAS',
  NGM: 'XNAS',
  NCM: 'XNAS',
  NIM: 'XNAS',
  NAS: 'XNAS',
  NYQ: 'XNYS',
  NYS: 'XNYS',
  PCX: 'ARCX',
  ASE: 'XASE',
  BTS: 'BATS',
  PNK: 'OTCM',
  OQB: 'OTCM',
  OQX: 'OTCM',
  OEM: 'OTCM',
  // Makers of indices, by the exchange whose sessions their indices follow
  SNP: 'XNYS',
  DJI: 'XNYS',
  WCB: 'XNYS',
  CXI: 'XNYS',
  FGI: 'XLON',
  OSA: 'XTKS',
  // Other Americas
  TOR: 'XTSE',
  VAN: 'XTSX',
  SAO: 'BVMF',
  MEX: 'XMEX',
  BUE: 'XBUE',
  // Europe, Africa, Middle East
  LSE: 'XLON',
  GER: 'XETR',
  FRA: 'XFRA',
  PAR: 'XPAR',
  AMS: 'XAMS',
  BRU: 'XBRU',
  LIS: 'XLIS',
  EBS: 'XSWX',
  MIL: 'XMIL',
  MCE: 'XMAD',
  STO: 'XSTO',
  OSL: 'XOSL',
  CPH: 'XCSE',
  HEL: 'XHEL',
  VIE: 'XWBO',
  ISE: 'XDUB',
  JNB: 'XJSE',
  TLV: 'XTAE',
  // Asia and the Pacific
  JPX: 'XTKS',
  HKG: 'XHKG',
  SHH: 'XSHG',
  SHZ: 'XSHE',
  KSC: 'XKRX',
  KOE: 'XKRX',
  TAI: 'XTAI',
  SES: 'XSES',
  ASX: 'XASX',
  NZE: 'XNZE',
  BSE: 'XBOM',
  NSI: 'XNSE',
}

/** The ISO 10383 code of an exchange; the vendor's own code where it is not known. */
export function micOf(code: string): string {
  return MICS[code] ?? code
}
