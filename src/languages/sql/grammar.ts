/**
 * What PostgreSQL 18's raw parse tree is made of, statements apart. `grammar.test.ts` holds these tables against the published
 * types, so a new node or field fails the build (K6).
 *
 * - `walk`: every field of it is visited
 * - `leaf`: carries nothing that could run
 * - `named`: has its own line in `walk.ts`, because it names something that has to be resolved
 * - `never`: exists only after parse analysis; seeing it makes a statement `unknown`
 */
export type NodeManner = 'walk' | 'leaf' | 'named' | 'never';

const walked = `List BoolExpr CaseWhen CoalesceExpr MinMaxExpr RowExpr XmlExpr NullTest BooleanTest NamedArgExpr
GroupingFunc GroupingSet ResTarget MultiAssignRef A_Indices A_ArrayExpr TypeCast WindowDef RangeSubselect RangeFunction RangeTableFunc
RangeTableFuncCol ColumnDef TableLikeClause XmlSerialize PartitionSpec PartitionBoundSpec PartitionRangeDatum PartitionCmd
InferClause OnConflictClause CTESearchClause CTECycleClause MergeWhenClause ReturningClause JsonArgument JsonBehavior
JsonFuncExpr JsonIsPredicate JsonOutput JsonReturning JsonTable JsonTableColumn JsonTablePathSpec JsonKeyValue JsonParseExpr
JsonScalarExpr JsonSerializeExpr JsonValueExpr JsonObjectConstructor JsonArrayConstructor JsonArrayQueryConstructor
JsonAggConstructor JsonObjectAgg JsonArrayAgg IntoClause AlterTableCmd ATAlterConstraint AccessPriv CreateOpClassItem
FunctionParameter StatsElem VacuumRelation PublicationTable PublicationObjSpec`;

const leaves = `Integer Float Boolean String BitString A_Const Alias A_Star SQLValueFunction SetToDefault MergeSupportFunc
JsonFormat ReturningOption TriggerTransition ReplicaIdentityStmt LockingClause`;

const named = `RangeVar TypeName ColumnRef ParamRef A_Expr CollateClause RoleSpec FuncCall A_Indirection SortBy SubLink
CaseExpr JoinExpr RangeTableSample IndexElem PartitionElem DefElem Constraint ObjectWithArgs CurrentOfExpr WithClause
CommonTableExpr`;

const analysed = `ParseResult ScanResult OidList IntList TableFunc Var Param Aggref WindowFunc WindowFuncRunCondition
SubscriptingRef FuncExpr OpExpr DistinctExpr NullIfExpr ScalarArrayOpExpr SubPlan AlternativeSubPlan FieldSelect FieldStore
RelabelType CoerceViaIO ArrayCoerceExpr ConvertRowtypeExpr CollateExpr CaseTestExpr ArrayExpr RowCompareExpr JsonConstructorExpr
JsonExpr JsonTablePath JsonTablePathScan JsonTableSiblingJoin MergeAction CoerceToDomain CoerceToDomainValue NextValueExpr
InferenceElem ReturningExpr TargetEntry RangeTblRef FromExpr OnConflictExpr Query RangeTblEntry RTEPermissionInfo
RangeTblFunction TableSampleClause WithCheckOption SortGroupClause WindowClause RowMarkClause InlineCodeBlock CallContext
ScanToken SummaryResult Table Function FilterColumn`;

function manners(manner: NodeManner, names: string): readonly (readonly [string, NodeManner])[] {
  return names.split(/\s+/).map((name) => [name, manner] as const);
}

/** Every node type that is no statement, and how it is visited. */
export const nodeManners: ReadonlyMap<string, NodeManner> = new Map([
  ...manners('walk', walked),
  ...manners('leaf', leaves),
  ...manners('named', named),
  ...manners('never', analysed),
]);

/** Fields that hold a node of one type, which is then written without its tag. */
const typedFields = `
A_Const.ival:Integer A_Const.fval:Float A_Const.boolval:Boolean A_Const.sval:String A_Const.bsval:BitString
RangeVar.alias:Alias IntoClause.rel:RangeVar JsonReturning.format:JsonFormat JsonValueExpr.format:JsonFormat
JsonIsPredicate.format:JsonFormat JoinExpr.join_using_alias:Alias JoinExpr.alias:Alias TypeCast.typeName:TypeName
FuncCall.over:WindowDef RangeSubselect.alias:Alias RangeFunction.alias:Alias RangeTableFunc.alias:Alias
RangeTableFuncCol.typeName:TypeName ColumnDef.typeName:TypeName ColumnDef.identitySequence:RangeVar
ColumnDef.collClause:CollateClause TableLikeClause.relation:RangeVar XmlSerialize.typeName:TypeName PartitionCmd.name:RangeVar
PartitionCmd.bound:PartitionBoundSpec OnConflictClause.infer:InferClause CommonTableExpr.search_clause:CTESearchClause
CommonTableExpr.cycle_clause:CTECycleClause JsonOutput.typeName:TypeName JsonOutput.returning:JsonReturning
JsonArgument.val:JsonValueExpr JsonFuncExpr.context_item:JsonValueExpr JsonFuncExpr.output:JsonOutput
JsonFuncExpr.on_empty:JsonBehavior JsonFuncExpr.on_error:JsonBehavior JsonTable.context_item:JsonValueExpr
JsonTable.pathspec:JsonTablePathSpec JsonTable.on_error:JsonBehavior JsonTable.alias:Alias JsonTableColumn.typeName:TypeName
JsonTableColumn.pathspec:JsonTablePathSpec JsonTableColumn.format:JsonFormat JsonTableColumn.on_empty:JsonBehavior
JsonTableColumn.on_error:JsonBehavior JsonKeyValue.value:JsonValueExpr JsonParseExpr.expr:JsonValueExpr
JsonParseExpr.output:JsonOutput JsonScalarExpr.output:JsonOutput JsonSerializeExpr.expr:JsonValueExpr
JsonSerializeExpr.output:JsonOutput JsonObjectConstructor.output:JsonOutput JsonArrayConstructor.output:JsonOutput
JsonArrayQueryConstructor.output:JsonOutput JsonArrayQueryConstructor.format:JsonFormat JsonAggConstructor.output:JsonOutput
JsonAggConstructor.over:WindowDef JsonObjectAgg.constructor:JsonAggConstructor JsonObjectAgg.arg:JsonKeyValue
JsonArrayAgg.constructor:JsonAggConstructor JsonArrayAgg.arg:JsonValueExpr InsertStmt.relation:RangeVar
InsertStmt.onConflictClause:OnConflictClause InsertStmt.returningClause:ReturningClause InsertStmt.withClause:WithClause
DeleteStmt.relation:RangeVar DeleteStmt.returningClause:ReturningClause DeleteStmt.withClause:WithClause
UpdateStmt.relation:RangeVar UpdateStmt.returningClause:ReturningClause UpdateStmt.withClause:WithClause
MergeStmt.relation:RangeVar MergeStmt.returningClause:ReturningClause MergeStmt.withClause:WithClause
SelectStmt.intoClause:IntoClause SelectStmt.withClause:WithClause SelectStmt.larg:SelectStmt SelectStmt.rarg:SelectStmt
PLAssignStmt.val:SelectStmt CreateSchemaStmt.authrole:RoleSpec AlterTableStmt.relation:RangeVar AlterTableCmd.newowner:RoleSpec
GrantStmt.grantor:RoleSpec GrantRoleStmt.grantor:RoleSpec AlterDefaultPrivilegesStmt.action:GrantStmt CopyStmt.relation:RangeVar
CreateStmt.relation:RangeVar CreateStmt.partbound:PartitionBoundSpec CreateStmt.partspec:PartitionSpec
CreateStmt.ofTypename:TypeName Constraint.pktable:RangeVar CreateTableSpaceStmt.owner:RoleSpec CreateForeignTableStmt.base:CreateStmt
CreateUserMappingStmt.user:RoleSpec AlterUserMappingStmt.user:RoleSpec DropUserMappingStmt.user:RoleSpec
CreatePolicyStmt.table:RangeVar AlterPolicyStmt.table:RangeVar CreateTrigStmt.relation:RangeVar CreateTrigStmt.constrrel:RangeVar
AlterRoleStmt.role:RoleSpec AlterRoleSetStmt.role:RoleSpec AlterRoleSetStmt.setstmt:VariableSetStmt CreateSeqStmt.sequence:RangeVar
AlterSeqStmt.sequence:RangeVar CreateDomainStmt.typeName:TypeName CreateDomainStmt.collClause:CollateClause
CreateOpClassStmt.datatype:TypeName CreateOpClassItem.name:ObjectWithArgs CreateOpClassItem.storedtype:TypeName
IndexStmt.relation:RangeVar CreateFunctionStmt.returnType:TypeName FunctionParameter.argType:TypeName
AlterFunctionStmt.func:ObjectWithArgs CallStmt.funccall:FuncCall RenameStmt.relation:RangeVar AlterObjectDependsStmt.relation:RangeVar
AlterObjectDependsStmt.extname:String AlterObjectSchemaStmt.relation:RangeVar AlterOwnerStmt.relation:RangeVar
AlterOwnerStmt.newowner:RoleSpec AlterOperatorStmt.opername:ObjectWithArgs RuleStmt.relation:RangeVar CompositeTypeStmt.typevar:RangeVar
ViewStmt.view:RangeVar AlterDatabaseSetStmt.setstmt:VariableSetStmt AlterSystemStmt.setstmt:VariableSetStmt ClusterStmt.relation:RangeVar
VacuumRelation.relation:RangeVar CreateTableAsStmt.into:IntoClause RefreshMatViewStmt.relation:RangeVar ReindexStmt.relation:RangeVar
CreateCastStmt.sourcetype:TypeName CreateCastStmt.targettype:TypeName CreateCastStmt.func:ObjectWithArgs
CreateTransformStmt.type_name:TypeName CreateTransformStmt.fromsql:ObjectWithArgs CreateTransformStmt.tosql:ObjectWithArgs
ReassignOwnedStmt.newrole:RoleSpec PublicationTable.relation:RangeVar PublicationObjSpec.pubtable:PublicationTable`;

/** `TypeCast.typeName` → `TypeName`. */
export const fieldTypes: ReadonlyMap<string, string> = new Map(
  typedFields
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [field = '', type = ''] = entry.split(':');
      return [field, type] as const;
    }),
);

/**
 * Syntax that an older server reads as a call of a function of that name, found by search_path. On a server before the
 * given major version the node makes a statement `unknown`.
 */
export const nodesSince: ReadonlyMap<string, number> = new Map([
  ['JsonIsPredicate', 16],
  ['JsonObjectConstructor', 16],
  ['JsonArrayConstructor', 16],
  ['JsonArrayQueryConstructor', 16],
  ['JsonObjectAgg', 16],
  ['JsonArrayAgg', 16],
  ['JsonFuncExpr', 17],
  ['JsonTable', 17],
  ['JsonParseExpr', 17],
  ['JsonScalarExpr', 17],
  ['JsonSerializeExpr', 17],
  ['MergeSupportFunc', 17],
  ['MergeStmt', 15],
]);
