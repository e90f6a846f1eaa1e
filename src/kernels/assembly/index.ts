// Everything the module exports. No data segments and no mutable globals: several instances share one memory.
export * from './fq';
export * from './fr';
export * from './ntt';
export * from './ntt-three';
export * from './sparse';
export * from './fq2';
export * from './g1';
export * from './g2';
export * from './msm-digits';
export * from './msm-glv';
export * from './lookups';
export * from './reduced';
export * from './trapdoor';
export * from './bytes';
export * from './fq6';
export * from './fq12';
export * from './pairing';
