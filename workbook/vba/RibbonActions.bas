Attribute VB_Name = "RibbonActions"
Option Explicit
' The buttons of the Rebalancer tab. Every action is Python's: rebalance_xl.hosts.excel.

Public Sub RebalancerLoaded(Ribbon As IRibbonUI)
    DescribeFunctions
End Sub

Public Sub RebalancerRebalance(Control As IRibbonControl)
    RunAction "rebalance_button"
End Sub

Public Sub RebalancerRecord(Control As IRibbonControl)
    RunAction "record_button"
End Sub

Public Sub RebalancerRefresh(Control As IRibbonControl)
    RunAction "refresh_button"
End Sub

Public Sub RebalancerReview(Control As IRibbonControl)
    RunAction "review_button"
End Sub

Public Sub RebalancerCheck(Control As IRibbonControl)
    RunAction "check_button"
End Sub

Public Sub RebalancerFunctions(Control As IRibbonControl)
    RunAction "functions_button"
End Sub

Public Sub RebalancerAbout(Control As IRibbonControl)
    If LastFailure() <> "" Then MsgBox LastFailure(), vbExclamation, "Rebalancer"
    RunAction "about_button"
End Sub

' The button on the Dashboard sheet.
Public Sub RebalanceThisBook()
    RunAction "rebalance_button"
End Sub

' The button on the Review sheet.
Public Sub ReviewThisBook()
    RunAction "review_button"
End Sub

Private Sub RunAction(ByVal ActionName As String)
    Dim Interpreter As String

    #If Not Mac Then
        Interpreter = GetConfig("INTERPRETER_WIN", "")
        If Not FileExists(Interpreter) Then
            MsgBox "Python for Rebalancer is not installed: " & Interpreter & " does not exist." & vbCrLf & _
                "Run install.ps1, which comes with the workbook, then press the button again.", _
                vbExclamation, "Rebalancer"
            Exit Sub
        End If
    #End If
    RunPython "from rebalance_xl.hosts import excel; excel." & ActionName & "()"
End Sub
