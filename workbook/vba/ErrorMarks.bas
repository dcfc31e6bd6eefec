Attribute VB_Name = "ErrorMarks"
Option Explicit
Option Private Module
' Python cannot hand an error value to a cell: it returns a mark, a text such as #!NUM!, and this module
' turns each mark into the error value itself. Without it SUM would skip the text in silence.

Private Const Mark As String = "#!"

Private FailedFunction As String
Private FailedReason As String

' The result of a worksheet function with every mark replaced, be it one value or an array.
Public Function WithErrorValues(ByVal Result As Variant) As Variant
    Dim Row As Long
    Dim Column As Long

    If Not IsArray(Result) Then
        If IsMark(Result) Then Result = ErrorOf(Result)
    ElseIf DimensionsOf(Result) = 1 Then
        For Column = LBound(Result) To UBound(Result)
            If IsMark(Result(Column)) Then Result(Column) = ErrorOf(Result(Column))
        Next Column
    Else
        For Row = LBound(Result, 1) To UBound(Result, 1)
            For Column = LBound(Result, 2) To UBound(Result, 2)
                If IsMark(Result(Row, Column)) Then Result(Row, Column) = ErrorOf(Result(Row, Column))
            Next Column
        Next Row
    End If
    WithErrorValues = Result
End Function

' What a cell shows when a table is missing, or Python could not be reached; About tells the reason.
Public Function FailureOf(ByVal FunctionName As String, ByVal Number As Long, ByVal Reason As String) As Variant
    FailedFunction = FunctionName
    FailedReason = Reason
    FailureOf = CVErr(IIf(Number = NoSuchPart, xlErrNA, xlErrValue))
End Function

Public Function LastFailure() As String
    If FailedFunction <> "" Then LastFailure = FailedFunction & " failed: " & FailedReason
End Function

Private Function IsMark(ByRef Item As Variant) As Boolean
    If VarType(Item) = vbString Then IsMark = (Left$(Item, 2) = Mark)
End Function

Private Function ErrorOf(ByVal Text As String) As Variant
    Select Case Mid$(Text, 3)
        Case "N/A": ErrorOf = CVErr(xlErrNA)
        Case "NUM!": ErrorOf = CVErr(xlErrNum)
        Case "DIV/0!": ErrorOf = CVErr(xlErrDiv0)
        Case "NULL!": ErrorOf = CVErr(xlErrNull)
        Case "REF!": ErrorOf = CVErr(xlErrRef)
        Case "NAME?": ErrorOf = CVErr(xlErrName)
        Case Else: ErrorOf = CVErr(xlErrValue)
    End Select
End Function

Private Function DimensionsOf(ByRef Result As Variant) As Long
    Dim Bound As Long

    DimensionsOf = 1
    On Error GoTo OneDimension
    Bound = UBound(Result, 2)
    DimensionsOf = 2
OneDimension:
End Function
