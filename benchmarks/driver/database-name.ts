// The database in which every workload has its tables.

export const databaseName = 'bench';
