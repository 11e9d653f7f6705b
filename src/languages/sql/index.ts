export { openSql, type Piece, type Sql } from './read.ts';
export { grammarMajor, sqlLimits, SyntaxComplaint } from './parser.ts';
export { type Operation, operations } from './operations.ts';
export { standingOf } from './settings-known.ts';
export type { TextSettings } from './text-settings.ts';
export {
  type Argument,
  type CopyFact,
  type Facts,
  type FrameFact,
  type FunctionName,
  type FunctionUse,
  type Holding,
  type Inner,
  type Inverse,
  type Names,
  type ObjectName,
  type OperatorName,
  type Part,
  type RelationName,
  type RelationRole,
  type RowLock,
  type SettingFact,
  type SettingStanding,
  type Statement,
  type StatementClass,
  statementClasses,
  type TransactionModes,
  type TypeName,
  worseClass,
} from './statement.ts';
